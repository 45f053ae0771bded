import { describe, expect, it } from "vitest";
import { next } from "./quiet";

const NOW = 1_700_000_000_000;
const ahead = (minutes: number) => (NOW + minutes * 60_000) * 1000;

describe("what happens in a quiet conversation", () => {
  it("is the question, where there is one, and then the end", () => {
    expect(next({ asks_at: ahead(4.5), ends_at: ahead(30) }, NOW)).toEqual({ asks: true, at: ahead(4.5), minutes: 5 });
    expect(next({ asks_at: null, ends_at: ahead(30) }, NOW)).toEqual({ asks: false, at: ahead(30), minutes: 30 });
  });
  it("is nothing that lies far off, and nothing where nothing comes", () => {
    expect(next({ asks_at: null, ends_at: ahead(61) }, NOW)).toBeNull();
    expect(next({ asks_at: null, ends_at: null }, NOW)).toBeNull();
  });
  it("takes a minute where it is due", () => {
    expect(next({ asks_at: ahead(-3), ends_at: ahead(30) }, NOW)?.minutes).toBe(1);
  });
});
