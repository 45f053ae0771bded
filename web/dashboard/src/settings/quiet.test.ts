import { describe, expect, it } from "vitest";
import { askAfter, endAfter, inUnits, isNeverAsked } from "./quiet";

describe("times without a word", () => {
  it("are said in the largest unit that fits", () => {
    expect(inUnits(5)).toEqual({ n: 5, unit: "minutes" });
    expect(inUnits(90)).toEqual({ n: 90, unit: "minutes" });
    expect(inUnits(240)).toEqual({ n: 4, unit: "hours" });
    expect(inUnits(4320)).toEqual({ n: 3, unit: "days" });
  });
  it("offer what a program has set", () => {
    expect(askAfter(7)).toContain(7);
    expect(endAfter(null)).not.toContain(7);
    expect(endAfter(45).slice(0, 4)).toEqual([15, 30, 45, 60]);
  });
  it("ask nobody in what is over", () => {
    expect(isNeverAsked(null, 15)).toBe(false);
    expect(isNeverAsked(10, 15)).toBe(false);
    expect(isNeverAsked(15, 15)).toBe(true);
  });
});
