import { describe, expect, it } from "vitest";
import { de } from "./de";
import { en, type Key } from "./en";
import { fill, plural } from "./fill";
import { isLate, span } from "./relative";

const keys = Object.keys(en) as Key[];
const words = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe("catalogues", () => {
  it("hold the same keys", () => {
    expect(Object.keys(de).sort()).toEqual([...keys].sort());
  });
  it.each(keys)("%s is said with the same words filled in and the same forms", (key) => {
    expect(words(de[key])).toEqual(words(en[key]));
    expect(de[key].split("|").length).toBe(en[key].split("|").length);
    expect(de[key].trim()).not.toBe("");
  });
  it("never shout", () => {
    const shouting = (text: string) => /!|oops|hoppla/i.test(text);
    expect(keys.filter((key) => shouting(en[key]) || shouting(de[key]))).toEqual([]);
  });
});

describe("filling in", () => {
  it("fills words and leaves unknown ones", () => {
    expect(fill("{n} of {all}", { n: 3 })).toBe("3 of {all}");
  });
  it("chooses the plural form", () => {
    const rules = new Intl.PluralRules("de");
    expect(plural("eins|viele", 1, rules)).toBe("eins");
    expect(plural("eins|viele", 0, rules)).toBe("viele");
    expect(plural("immer", 5, rules)).toBe("immer");
  });
});

describe("relative time", () => {
  const now = 1_700_000_000_000;
  const ago = (seconds: number) => span((now - seconds * 1000) * 1000, now);
  it("uses the one unit that fits", () => {
    expect(ago(59)).toEqual({ n: 0, unit: "now" });
    expect(ago(60)).toEqual({ n: 1, unit: "minute" });
    expect(ago(3599)).toEqual({ n: 59, unit: "minute" });
    expect(ago(7300)).toEqual({ n: 2, unit: "hour" });
    expect(ago(3 * 86_400)).toEqual({ n: 3, unit: "day" });
  });
  it("is never negative when clocks disagree", () => {
    expect(ago(-90)).toEqual({ n: 0, unit: "now" });
  });
  it("is late after three minutes", () => {
    expect(isLate((now - 180_000) * 1000, now)).toBe(false);
    expect(isLate((now - 180_001) * 1000, now)).toBe(true);
  });
});
