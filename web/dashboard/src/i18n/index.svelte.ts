import type { Language } from "@diskret/api";
import { remember, remembered } from "../shell/memory";
import type { Catalogue, Key } from "./en";
import { fill, plural, type Words } from "./fill";
import { span, type Unit } from "./relative";

const catalogues: Record<Language, () => Promise<Catalogue>> = {
  de: async () => (await import("./de")).de,
  en: async () => (await import("./en")).en,
};

class I18n {
  language = $state<Language>(initial());
  #catalogue = $state.raw<Catalogue | null>(null);
  #rules = $derived(new Intl.PluralRules(this.language));
  #number = $derived(new Intl.NumberFormat(this.locale));

  get locale(): string {
    return this.language === "de" ? "de-DE" : "en-GB";
  }

  /** Before the first screen: everything after may count on the words being there. */
  async start(): Promise<void> {
    await this.#apply(this.language);
  }

  /** Chosen by hand: outweighs what the account says, on this device. */
  choose(language: Language): void {
    remember("language", language);
    void this.#apply(language);
  }

  suggest(language: Language): void {
    if (!remembered("language") && language !== this.language) void this.#apply(language);
  }

  text(key: Key, words?: Words): string {
    const text = this.#of(key);
    return words ? fill(text, words) : text;
  }

  /** In a given language, whatever the screen speaks: for what is said to somebody else. */
  async textIn(language: Language, key: Key, words?: Words): Promise<string> {
    const text = (await catalogues[language]())[key];
    return words ? fill(text, words) : text;
  }

  count(key: Key, n: number, words?: Words): string {
    const text = plural(this.#of(key), n, this.#rules);
    return fill(text, { ...words, n: this.#number.format(n) });
  }

  #of(key: Key): string {
    return this.#catalogue?.[key] ?? key;
  }

  async #apply(language: Language): Promise<void> {
    this.#catalogue = await catalogues[language]();
    this.language = language;
    document.documentElement.lang = language;
  }
}

function initial(): Language {
  const chosen = remembered("language");
  const language =
    chosen ?? navigator.languages.map((each) => each.slice(0, 2)).find((each) => each === "de" || each === "en");
  return language === "de" ? "de" : "en";
}

export const i18n = new I18n();
export const t = (key: Key, words?: Words): string => i18n.text(key, words);
export const tn = (key: Key, n: number, words?: Words): string => i18n.count(key, n, words);

const unitKeys: Record<Unit, Key> = { now: "time.now", minute: "time.minute", hour: "time.hour", day: "time.day" };

/** "4 min": how long ago, for lists. */
export function ago(sinceMicros: number, nowMs: number): string {
  const { n, unit } = span(sinceMicros, nowMs);
  return t(unitKeys[unit], { n });
}

/** The same for waiting, where "now" would read oddly. */
export function lasting(sinceMicros: number, nowMs: number): string {
  const { n, unit } = span(sinceMicros, nowMs);
  return unit === "now" ? t("time.under_minute") : t(unitKeys[unit], { n });
}

/** How long something can still be undone. The screen's clock ticks seldom: what began since has not a minute more. */
export function minutesLeft(untilMicros: number, nowMs: number): string {
  const minutes = Math.max(0, Math.ceil((untilMicros / 1000 - Math.max(nowMs, Date.now())) / 60_000));
  return minutes < 120 ? tn("erase.left", minutes) : tn("erase.left.hours", Math.floor(minutes / 60));
}
