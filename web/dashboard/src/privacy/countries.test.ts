import { describe, expect, it } from "vitest";
import { CODES, countryName, named } from "./countries";

describe("countries", () => {
  it("are all there, each once", () => {
    expect(new Set(CODES).size).toBe(249);
    expect(CODES.every((code) => /^[A-Z]{2}$/.test(code))).toBe(true);
  });
  it("are called as the reader calls them", () => {
    expect(countryName("AT", "de-DE")).toBe("Österreich");
    expect(countryName("AT", "en-GB")).toBe("Austria");
    for (const locale of ["de-DE", "en-GB"]) for (const code of CODES) expect(countryName(code, locale)).not.toBe(code);
  });
  it("that are none keep what was written", () => {
    expect(countryName("Kiel", "de-DE")).toBe("Kiel");
  });
  it("stand in the reader's order", () => {
    expect(named(["ZW", "AT", "DE"], "de-DE").map(({ code }) => code)).toEqual(["DE", "AT", "ZW"]);
    expect(named(["ZW", "AT", "DE"], "en-GB").map(({ code }) => code)).toEqual(["AT", "DE", "ZW"]);
  });
});
