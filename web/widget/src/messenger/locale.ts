import type { Language } from "@diskret/api";
import type { Messages } from "./messages";

/** The first of the wishes that there are texts for; `de-AT` is `de`. */
export function choose(...wishes: string[]): Language | undefined {
  return wishes.map((wish) => wish.slice(0, 2).toLowerCase()).find((wish) => wish === "de" || wish === "en") as
    | Language
    | undefined;
}

export type Calendar = ReturnType<typeof calendar>;

/** Clock times and days of entries, given in microseconds. */
export function calendar(language: Language, texts: Pick<Messages, "today" | "yesterday">) {
  // en-GB: 24 hours and day before month, as in the rest of Europe.
  const tag = language === "en" ? "en-GB" : language;
  const clock = new Intl.DateTimeFormat(tag, { timeStyle: "short" });
  const date = new Intl.DateTimeFormat(tag, { dateStyle: "long" });
  return {
    time: (at: number) => clock.format(at / 1000),
    day(at: number, now = Date.now()): string {
      const days = Math.round((midnight(now) - midnight(at / 1000)) / 86_400_000);
      return [texts.today, texts.yesterday][days] ?? date.format(at / 1000);
    },
  };
}

const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);
