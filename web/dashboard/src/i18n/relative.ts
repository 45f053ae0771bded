export type Unit = "now" | "minute" | "hour" | "day";
export interface Span {
  n: number;
  unit: Unit;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in the one unit that a list has room for. Clocks that disagree never show a negative time. */
export function span(sinceMicros: number, nowMs: number): Span {
  const passed = Math.max(0, nowMs - sinceMicros / 1000);
  if (passed < MINUTE) return { n: 0, unit: "now" };
  if (passed < HOUR) return { n: Math.floor(passed / MINUTE), unit: "minute" };
  if (passed < DAY) return { n: Math.floor(passed / HOUR), unit: "hour" };
  return { n: Math.floor(passed / DAY), unit: "day" };
}

export const LATE_AFTER_MS = 3 * MINUTE;

export function isLate(waitingSince: number, nowMs: number): boolean {
  return nowMs - waitingSince / 1000 > LATE_AFTER_MS;
}
