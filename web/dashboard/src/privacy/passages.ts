import type { Passage } from "@diskret/api";

/** What was selected in a field, which counts in UTF-16, in characters as the server counts them. */
export function passage(text: string, start: number, end: number): Passage | null {
  const characters = (upTo: number) => [...text.slice(0, upTo)].length;
  // Half of a pair of surrogates is no character: the selection grows to the whole of it.
  const from = isInside(text, start) ? start - 1 : start;
  const to = isInside(text, end) ? end + 1 : end;
  return to > from ? { from: characters(from), to: characters(to) } : null;
}

const isInside = (text: string, at: number) =>
  at > 0 && at < text.length && /[\uD800-\uDBFF]/.test(text[at - 1] ?? "") && /[\uDC00-\uDFFF]/.test(text[at] ?? "");

/** In order, those that touch as one. */
export function joined(all: readonly Passage[]): Passage[] {
  const out: Passage[] = [];
  for (const one of [...all].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && one.from <= last.to) out[out.length - 1] = { from: last.from, to: Math.max(last.to, one.to) };
    else out.push(one);
  }
  return out;
}

/** How it will read: a passage's length would tell what stood there, so all look alike. */
export function without(text: string, all: readonly Passage[]): string {
  const characters = [...text];
  for (const { from, to } of joined(all).reverse()) characters.splice(from, to - from, "▇▇▇");
  return characters.join("");
}
