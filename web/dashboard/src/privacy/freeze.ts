import type { EpochInfo } from "@diskret/api";

/** Days that a freeze may last, whether at once or one behind the other. */
const LONGEST = 7;
const DAY_MS = 86_400_000;

/** For how many whole days from now on it may be put off, when it is so already. */
export function mostDays(frozen: EpochInfo["frozen"], nowMs: number): number {
  if (!frozen) return LONGEST;
  return Math.max(0, Math.floor((frozen.since / 1000 + LONGEST * DAY_MS - nowMs) / DAY_MS));
}

export const REASON_LONGEST = 200;

/** A number of days that was typed; null where it is none of these. */
export function daysWithin(text: string, most: number): number | null {
  const days = /^\d{1,2}$/.test(text.trim()) ? Number(text) : 0;
  return days >= 1 && days <= most ? days : null;
}
