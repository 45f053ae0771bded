import { describe, expect, it } from "vitest";
import { afterServer, backoff } from "./backoff";

/** How many of 10,000 waits fall into each tenth of the range. */
function tenths(wait: () => number, from: number, to: number): number[] {
  const counts = new Array<number>(10).fill(0);
  for (let client = 0; client < 10_000; client++) {
    const tenth = Math.floor(((wait() - from) / (to - from)) * 10);
    counts[tenth] = (counts[tenth] ?? Number.NaN) + 1;
  }
  return counts;
}

function even(counts: number[]): boolean {
  return counts.length === 10 && counts.every((count) => count > 850 && count < 1150);
}

describe("back-off", () => {
  it("is bounded by what doubles from half a second to thirty", () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 7, 5000].map((attempt) => backoff(attempt, 1));
    expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(backoff(9, 0)).toBe(0);
  });

  it("spreads those who lost the same server over the whole wait", () => {
    for (const [attempt, longest] of [
      [0, 500],
      [3, 4000],
      [10, 30_000],
    ] as const)
      expect(even(tenths(() => backoff(attempt), 0, longest))).toBe(true);
    const halfJitter = () => 15_000 + Math.random() * 15_000;
    expect(even(tenths(halfJitter, 0, 30_000))).toBe(false); // the measure sees a difference
  });

  it("never comes earlier than the server asked, and spreads over as much again, at most 5 s", () => {
    expect([afterServer(2000, 0), afterServer(2000, 1), afterServer(60_000, 1)]).toEqual([2000, 4000, 65_000]);
    expect(even(tenths(() => afterServer(3000), 3000, 6000))).toBe(true);
  });
});
