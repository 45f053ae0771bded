import { expect, it } from "vitest";
import { backoff } from "./backoff";

it("grows from half a second to thirty and never beyond", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 7, 50].map((attempt) => backoff(attempt, () => 1));
  expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

it("spreads clients over half the time", () => {
  expect(backoff(10, () => 0)).toBe(15000);
  expect(backoff(0, () => 0)).toBe(500);
});
