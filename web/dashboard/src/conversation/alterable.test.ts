import type { Entry } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { isAlterable, lastAlterable } from "./alterable";

const entry = (sequence: number, id = "me", extra: object = {}): Entry =>
  ({
    type: "message",
    conversation: "c",
    sequence,
    visible: sequence,
    author: { kind: "operator", id },
    note: false,
    text: "t",
    at: sequence,
    ...extra,
  }) as Entry;

describe("what may still be changed", () => {
  it("is one's own message until the visitor has read it", () => {
    expect(isAlterable(entry(5), "me", 4)).toBe(true);
    expect(isAlterable(entry(5), "me", 5)).toBe(false);
    expect(isAlterable(entry(5, "ben"), "me", 4)).toBe(false);
    expect(isAlterable(entry(5, "me", { text: "" }), "me", 4)).toBe(false);
  });
  it("is one's own note at any time", () => {
    expect(isAlterable(entry(5, "me", { note: true }), "me", 9)).toBe(true);
    expect(isAlterable(entry(5, "ben", { note: true }), "me", 0)).toBe(false);
  });
  it("is the last one and none before it, for replies and notes apart", () => {
    const entries = [entry(1), entry(2, "me", { note: true }), entry(3), entry(4, "ben"), entry(5, "visitor")];
    expect(lastAlterable(entries, false, "me", 0)?.sequence).toBe(3);
    expect(lastAlterable(entries, true, "me", 9)?.sequence).toBe(2);
    expect(lastAlterable(entries, false, "me", 3)).toBeNull();
    expect(lastAlterable([], false, "me", 0)).toBeNull();
  });
  it("passes over what was taken back", () => {
    expect(lastAlterable([entry(1), entry(2, "me", { text: "" })], false, "me", 0)?.sequence).toBe(1);
  });
});
