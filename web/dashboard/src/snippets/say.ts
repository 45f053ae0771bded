import type { Language, SnippetInfo, Wording } from "@diskret/api";
import { ranked } from "../ui/search";

export const variables = ["visitor", "operator", "organisation"] as const;
export type Values = Record<(typeof variables)[number], string>;

/** What a snippet says to somebody: in their language, or else in the one that is there. */
export function wordsIn(wording: Wording, language: Language): { text: string; language: Language } {
  const other: Language = language === "de" ? "en" : "de";
  const own = wording[language];
  return own ? { text: own, language } : { text: wording[other] ?? "", language: other };
}

/** Names fill the gaps. Braces around any other word are what somebody wrote, and stay. */
export function filled(text: string, values: Values): string {
  return text.replace(/\{(visitor|operator|organisation)\}/g, (_, name: keyof Values) => values[name]);
}

/** Those that fit what was typed, best first; one's own before shared ones that fit alike. */
export function matching(query: string, all: readonly SnippetInfo[]): SnippetInfo[] {
  const own = [...all].sort((a, b) => Number(a.shared) - Number(b.shared));
  return ranked(query, own, (one) => [one.shortcut, `${one.title} ${one.wording.de ?? ""} ${one.wording.en ?? ""}`]);
}

/** Puts a text where the caret is, in place of what is marked. */
export function insertAt(draft: string, text: string, from: number, to: number): { draft: string; caret: number } {
  return { draft: draft.slice(0, from) + text + draft.slice(to), caret: from + text.length };
}
