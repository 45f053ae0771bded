import type { Language } from "@diskret/api";
import { ranked } from "../ui/search";
import { type Emoji, emoji } from "./table";

const RECENT = 16;

/** In both languages, whichever the screen speaks: the one on the screen first. */
export function matching(query: string, language: Language): readonly Emoji[] {
  if (query.trim() === "") return emoji;
  return ranked(query, emoji, (one) => (language === "de" ? [one.de, one.en] : [one.en, one.de]));
}

/** The ones used last, newest first, from what the device remembers; what is not in the table is left out. */
export function recent(remembered: string | null): Emoji[] {
  return (remembered ?? "")
    .split(" ")
    .map((char) => emoji.find((one) => one.char === char))
    .filter((one) => one !== undefined)
    .slice(0, RECENT);
}

export function withRecent(remembered: string | null, char: string): string {
  const others = recent(remembered).filter((one) => one.char !== char);
  return [char, ...others.map((one) => one.char)].slice(0, RECENT).join(" ");
}

/** Two words, as one alone would not tell a thumb up from a thumb down. */
export const nameOf = (one: Emoji, language: Language): string => one[language].split(" ").slice(0, 2).join(" ");
