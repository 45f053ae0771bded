import { describe, expect, it } from "vitest";
import { fromField, moments, toField } from "./times";

// Local times throughout: the test says the same in every zone.
const at = (text: string) => new Date(text);
const offered = (now: string) => moments(at(now)).map(({ key, at }) => `${key.slice(7)} ${toField(at)}`);

describe("moments to come back at", () => {
  it("are an hour on, this evening, tomorrow and next Monday", () => {
    expect(offered("2026-11-25T10:20")).toEqual([
      "hour 2026-11-25T11:20",
      "evening 2026-11-25T18:00",
      "tomorrow 2026-11-26T09:00",
      "monday 2026-11-30T09:00",
    ]);
  });
  it("offer no evening that has come, and no Monday that is tomorrow", () => {
    expect(offered("2026-11-25T17:00").map((one) => one.split(" ")[0])).toEqual(["hour", "tomorrow", "monday"]);
    expect(offered("2026-11-29T20:00")).toEqual(["hour 2026-11-29T21:00", "tomorrow 2026-11-30T09:00"]);
  });
  it("mean the Monday after this one on a Monday", () => {
    expect(offered("2026-11-30T08:00").at(-1)).toBe("monday 2026-12-07T09:00");
  });
  it("keep to the clock over a month's end and a change of the clock", () => {
    expect(offered("2026-03-28T23:30")).toContain("tomorrow 2026-03-29T09:00");
    expect(offered("2026-12-31T12:00")).toContain("tomorrow 2027-01-01T09:00");
  });
  it("are read from a field, if they are to come and within a year", () => {
    const now = at("2026-11-25T10:20");
    expect(fromField("2026-11-25T10:21", now)).toEqual(at("2026-11-25T10:21"));
    for (const wrong of ["", "2026-11-25T10:20", "2025-11-25T10:21", "2027-11-26T00:01", "soon"])
      expect(fromField(wrong, now)).toBeNull();
  });
});
