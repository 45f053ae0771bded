import type { TopicInfo } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { nextColour } from "./palette";

const topic = (colour: number, archived = false) => ({ colour, archived }) as TopicInfo;

describe("a new topic's colour", () => {
  it("is the one that fewest have", () => {
    expect(nextColour([])).toBe(0);
    expect(nextColour([topic(0), topic(1), topic(3)])).toBe(2);
    expect(nextColour([0, 1, 2, 3, 4, 5, 6, 7, 0].map((colour) => topic(colour)))).toBe(1);
  });
  it("may be that of one that is archived", () => {
    expect(nextColour([topic(0, true)])).toBe(0);
  });
});
