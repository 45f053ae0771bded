import type { Key } from "../i18n/en";

/** A moment to come back at, by the operator's own clock and zone. */
export interface Moment {
  key: Key;
  at: Date;
}

const EVENING = 18;
const MORNING = 9;
const MONDAY = 1;
/** Less than this and "this evening" is now. */
const EVENING_UNTIL = 17;

/** Whole days ahead, at an hour of the clock: the days on which it is changed are an hour longer or shorter. */
function dayAt(now: Date, days: number, hour: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}

export function moments(now: Date): Moment[] {
  const untilMonday = (MONDAY + 7 - now.getDay()) % 7 || 7;
  return [
    { key: "snooze.hour", at: new Date(now.getTime() + 3_600_000) },
    ...(now.getHours() < EVENING_UNTIL ? [{ key: "snooze.evening", at: dayAt(now, 0, EVENING) } as const] : []),
    { key: "snooze.tomorrow", at: dayAt(now, 1, MORNING) },
    // On a Sunday, tomorrow is the Monday.
    ...(untilMonday > 1 ? [{ key: "snooze.monday", at: dayAt(now, untilMonday, MORNING) } as const] : []),
  ];
}

/** What a field for date and time takes and gives: local, to the minute. */
export function toField(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The moment of a field; none where it is not filled in, past, or more than a year ahead. */
export function fromField(value: string, now: Date): Date | null {
  const at = new Date(value);
  const latest = new Date(now.getFullYear() + 1, now.getMonth(), now.getDate());
  return at > now && at <= latest ? at : null;
}
