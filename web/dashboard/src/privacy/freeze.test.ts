import { describe, expect, it } from "vitest";
import { daysWithin, mostDays } from "./freeze";

const now = Date.UTC(2026, 10, 28, 12);
const frozen = (hoursAgo: number) => ({ since: (now - hoursAgo * 3_600_000) * 1000, until: 0, by: null, reason: "" });

describe("putting the destroying off", () => {
  it("takes seven days at most, from the first day on", () => {
    expect(mostDays(null, now)).toBe(7);
    expect(mostDays(frozen(0), now)).toBe(7);
    expect(mostDays(frozen(1), now)).toBe(6);
    expect(mostDays(frozen(24 * 6), now)).toBe(1);
    expect(mostDays(frozen(24 * 6 + 1), now)).toBe(0);
    expect(mostDays(frozen(24 * 20), now)).toBe(0);
  });
  it("takes a whole number of days", () => {
    expect(daysWithin(" 3 ", 7)).toBe(3);
    for (const wrong of ["", "0", "8", "1.5", "-1", "three", "1e1", "007"]) expect(daysWithin(wrong, 7)).toBeNull();
  });
});
