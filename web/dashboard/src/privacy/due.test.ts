import { describe, expect, it } from "vitest";
import { daysOf, inWords, isSame, letterUntil } from "./due";

describe("days of a rule", () => {
  it("are a whole number from one to ten years", () => {
    expect(daysOf("1")).toBe(1);
    expect(daysOf(" 180 ")).toBe(180);
    expect(daysOf("3650")).toBe(3650);
    for (const wrong of ["", "0", "3651", "1.5", "-3", "1e3", "zehn"]) expect(daysOf(wrong)).toBeNull();
  });
  it("are read as years where they are some", () => {
    expect(inWords(1095)).toEqual({ n: 3, unit: "years" });
    expect(inWords(180)).toEqual({ n: 180, unit: "days" });
  });
});

it("a business letter is kept to the end of its year and six more", () => {
  expect(letterUntil(new Date(2026, 10, 27))).toEqual(new Date(2033, 0, 1));
  expect(letterUntil(new Date(2026, 0, 1))).toEqual(new Date(2033, 0, 1));
});

it("a rule is told by what it is for", () => {
  expect(isSame({ kind: "content" }, { kind: "content" })).toBe(true);
  expect(isSame({ kind: "content" }, { kind: "technical" })).toBe(false);
  expect(isSame({ kind: "content", widget: "a" }, { kind: "content" })).toBe(false);
  expect(isSame({ kind: "content", topic: "a" }, { kind: "content", topic: "b" })).toBe(false);
});
