export type Words = Record<string, string | number>;

export function fill(text: string, words: Words): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(words[name] ?? whole));
}

/** Catalogues write plurals as "one|other"; German and English need no more forms. */
export function plural(text: string, n: number, rules: Intl.PluralRules): string {
  const [one = text, other = one] = text.split("|");
  return rules.select(n) === "one" ? one : other;
}
