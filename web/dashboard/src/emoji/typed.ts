const BEGUN = /(?:^|\s):(\p{L}{2,20})$/u;

/** What is being typed behind a colon, and where the colon stands; a colon within a word is none of it. */
export function begun(text: string, caret: number): { query: string; from: number } | null {
  const found = BEGUN.exec(text.slice(0, caret));
  const query = found?.[1];
  return query ? { query, from: caret - query.length - 1 } : null;
}
