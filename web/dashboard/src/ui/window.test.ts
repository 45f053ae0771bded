import { describe, expect, it } from "vitest";
import { inSight, scrollFor } from "./window";

describe("the part of a long list that is drawn", () => {
  it("is what is in sight and some around it", () => {
    expect(inSight(10_000, 50, 5_000, 500)).toEqual({ from: 92, to: 118 });
  });
  it("ends where the list ends", () => {
    expect(inSight(10_000, 50, 0, 500)).toEqual({ from: 0, to: 18 });
    expect(inSight(100, 50, 4_500, 500)).toEqual({ from: 82, to: 100 });
    expect(inSight(3, 50, 0, 500)).toEqual({ from: 0, to: 3 });
    expect(inSight(0, 50, 0, 500)).toEqual({ from: 0, to: 0 });
  });
  it("holds on to something when the list has become shorter than where one is", () => {
    expect(inSight(5, 50, 400_000, 500)).toEqual({ from: 4, to: 5 });
  });
  it("scrolls no further than a row needs", () => {
    expect(scrollFor(3, 50, 0, 500)).toBeNull();
    expect(scrollFor(10, 50, 0, 500)).toBe(50);
    expect(scrollFor(2, 50, 120, 500)).toBe(100);
  });
});
