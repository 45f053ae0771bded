import { dayOf } from "../conversation/thread-items";
import { i18n, t } from "./index.svelte";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${i18n.locale} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(i18n.locale, options);
    formats.set(key, found);
  }
  return found;
}

const date = (micros: number) => new Date(micros / 1000);

export function clock(micros: number): string {
  return format("clock", { hour: "2-digit", minute: "2-digit" }).format(date(micros));
}

/** For hovering and evidence: with date, seconds and zone. */
export function exact(micros: number): string {
  return format("exact", { dateStyle: "full", timeStyle: "long" }).format(date(micros));
}

export function dateAndTime(micros: number): string {
  return format("short", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }).format(date(micros));
}

export function day(micros: number): string {
  return format("day in UTC", { dateStyle: "medium", timeZone: "UTC" }).format(date(micros));
}

export function onDay(micros: number): string {
  return format("on day", { dateStyle: "medium" }).format(date(micros));
}

/** A moment to come, as short as it is clear: the time today, with its day within a week, else with its date. */
export function until(micros: number): string {
  const now = Date.now();
  if (dayOf(micros) === dayOf(now * 1000)) return clock(micros);
  const near = micros / 1000 - now < 6 * 86_400_000;
  const day: Intl.DateTimeFormatOptions = near ? { weekday: "short" } : { day: "numeric", month: "short" };
  return format(near ? "near" : "far", { ...day, hour: "2-digit", minute: "2-digit" }).format(date(micros));
}

export function dayTitle(micros: number, nowMs: number): string {
  const short = format("day", { day: "numeric", month: "long" }).format(date(micros));
  if (dayOf(micros) === dayOf(nowMs * 1000)) return t("thread.today", { date: short });
  if (dayOf(micros) === dayOf((nowMs - 86_400_000) * 1000)) return t("thread.yesterday", { date: short });
  return format("long", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(date(micros));
}

export function isoOf(micros: number): string {
  return date(micros).toISOString();
}
