import { describe, expect, it } from "vitest";
import { NO_FILTERS, wordsOf } from "./filters";

describe("filters", () => {
  it("ask for nothing where nothing is chosen", () => {
    expect(wordsOf(NO_FILTERS).toString()).toBe("");
    expect(wordsOf({ ...NO_FILTERS, from: "nonsense" }).toString()).toBe("");
  });
  it("hold a whole day, the last one included", () => {
    const words = wordsOf({ actor: "a", area: "team", from: "2026-02-28", to: "2026-02-28" });
    expect(words.get("actor")).toBe("a");
    expect(words.get("area")).toBe("team");
    expect(Number(words.get("from"))).toBe(new Date(2026, 1, 28).getTime() * 1000);
    expect(Number(words.get("to"))).toBe(new Date(2026, 2, 1).getTime() * 1000);
  });
});
