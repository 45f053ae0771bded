import type { Language } from "@diskret/api";
import type { Messages } from "./messages";

/** The first of the wishes that there are texts for; `de-AT` is `de`. */
export function choose(...wishes: (string | undefined)[]): Language | undefined {
  return wishes.map((wish) => wish?.slice(0, 2).toLowerCase()).find((wish) => wish === "de" || wish === "en") as
    | Language
    | undefined;
}

/** Clock times and days of entries, given in microseconds. */
export class Calendar {
  readonly #clock: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;

  constructor(
    language: Language,
    private readonly texts: Pick<Messages, "today" | "yesterday">,
  ) {
    // en-GB: 24 hours and day before month, as in the rest of Europe.
    const tag = language === "en" ? "en-GB" : language;
    this.#clock = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit" });
    this.#date = new Intl.DateTimeFormat(tag, { day: "numeric", month: "long", year: "numeric" });
  }

  time(at: number): string {
    return this.#clock.format(at / 1000);
  }

  day(at: number, now = Date.now()): string {
    const days = Math.round((midnight(now) - midnight(at / 1000)) / 86_400_000);
    return [this.texts.today, this.texts.yesterday][days] ?? this.#date.format(at / 1000);
  }
}

const midnight = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0);
