/** What a message says, in pieces: text, and web addresses with where they lead. */
export interface Stretch {
  text: string;
  href?: string;
}

// As the chat reads them, and also those that begin with www. alone. What ends a sentence is no part of one.
const ADDRESS = /(?<![\p{L}\p{N}@/.:_-])(?:https?:\/\/|www\.)[^\s<>"'«»“”]*[\p{L}\p{N}/=_-]/giu;

export function stretches(text: string): Stretch[] {
  const out: Stretch[] = [];
  let at = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    const href = address[0]?.toLowerCase() === "w" ? `https://${address}` : address;
    if (!URL.canParse(href)) continue;
    if (index > at) out.push({ text: text.slice(at, index) });
    out.push({ text: address, href });
    at = index + address.length;
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}
