import { describe, expect, it } from "vitest";
import { fromField, numberIn, proposed, toField } from "./holds";

const now = new Date(2026, 10, 27, 15);

describe("a hold", () => {
  it("of a business letter goes to the end of its year and six more, of a claim three years", () => {
    expect(proposed("business_letter", now)).toEqual(new Date(2033, 0, 1));
    expect(proposed("claim", now)).toEqual(new Date(2029, 10, 27));
    expect(proposed("authority", now)).toEqual(new Date(2027, 10, 27));
  });
  it("ends on a day to come", () => {
    expect(fromField("2026-11-28", now)).toEqual(new Date(2026, 10, 28));
    for (const wrong of ["2026-11-27", "2025-01-01", "2027-02-31", "", "morgen"])
      expect(fromField(wrong, now)).toBeNull();
  });
  it("is set by the number of a conversation, wherever it was copied from", () => {
    const number = "abcdefghijklmnopqrstuvw234";
    for (const text of [
      number,
      ` ${number}\n`,
      number.toUpperCase(),
      `https://app.example.de/conversations/${number}/person`,
    ])
      expect(numberIn(text)).toBe(number);
    for (const text of [
      "",
      "ABCD",
      `${number}x`,
      `x${number}`,
      number.slice(1),
      `${number} ${number}`,
      number.replace("a", "1"),
    ])
      expect(numberIn(text)).toBeNull();
  });
  it("is written into the field as it is read from there", () => {
    expect(fromField(toField(new Date(2033, 0, 1)), now)).toEqual(new Date(2033, 0, 1));
  });
});
