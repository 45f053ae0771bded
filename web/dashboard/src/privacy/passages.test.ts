import { describe, expect, it } from "vitest";
import { joined, passage, without } from "./passages";

describe("a passage", () => {
  it("is counted in characters, not in halves of them", () => {
    const text = "a😀b😀c";
    expect(passage(text, 0, 1)).toEqual({ from: 0, to: 1 });
    expect(passage(text, 3, 4)).toEqual({ from: 2, to: 3 });
    expect(passage(text, 2, 5)).toEqual({ from: 1, to: 4 });
  });
  it("is none where nothing is selected", () => {
    expect(passage("abc", 2, 2)).toBeNull();
  });
  it("is put in order and joined where it touches another", () => {
    const all = [
      { from: 7, to: 9 },
      { from: 0, to: 2 },
      { from: 2, to: 4 },
      { from: 3, to: 5 },
    ];
    expect(joined(all)).toEqual([
      { from: 0, to: 5 },
      { from: 7, to: 9 },
    ]);
  });
  it("is seen blacked out before it is erased", () => {
    expect(without("Card 4111 😀!", [{ from: 5, to: 11 }])).toBe("Card ▇▇▇!");
    expect(without("ab", [{ from: 1, to: 9 }])).toBe("a▇▇▇");
    const two = [
      { from: 4, to: 5 },
      { from: 0, to: 1 },
    ];
    expect(without("a b c", two)).toBe("▇▇▇ b ▇▇▇");
  });
});
