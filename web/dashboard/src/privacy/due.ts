import type { RetentionKind, RetentionRule } from "@diskret/api";

/** Above this the law asks for a reason. */
export const LONG_DAYS = 1_095;
export const LONGEST_DAYS = 3_650;
export const kinds: readonly RetentionKind[] = ["content", "contacts", "technical"];
/** Of which there is something that a rule of its own could delete: the server refuses one that nothing follows. */
export const ruled: readonly RetentionKind[] = ["content"];

/** Days as they were typed; null is no number of days that a rule can have. */
export function daysOf(typed: string): number | null {
  const days = /^\s*\d{1,4}\s*$/.test(typed) ? Number(typed) : 0;
  return days >= 1 && days <= LONGEST_DAYS ? days : null;
}

/** The end of a business letter's time: that of the calendar year and six more (§ 257 HGB, § 147 AO). */
export function letterUntil(now: Date): Date {
  return new Date(now.getFullYear() + 7, 0, 1);
}

/** Days in the words of a rule that is read: whole years and months where they are. */
export function inWords(days: number): { n: number; unit: "days" | "years" } {
  return days % 365 === 0 ? { n: days / 365, unit: "years" } : { n: days, unit: "days" };
}

export const isSame = (a: Pick<RetentionRule, "kind" | "widget" | "topic">, b: typeof a): boolean =>
  a.kind === b.kind && a.widget === b.widget && a.topic === b.topic;
