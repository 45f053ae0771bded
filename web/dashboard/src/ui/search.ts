/** Without case and accents: nobody should have to type "é" to find it. */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * How well typed words fit, in any order: null where one of them is found nowhere, else the higher the better. `name` is what
 * a thing is called, `rest` what is said of it.
 */
export function fit(query: string, name: string, rest = ""): number | null {
  const [called, said] = [folded(name), folded(rest)];
  let sum = 0;
  for (const word of folded(query).split(/\s+/).filter(Boolean)) {
    const points = pointsOf(word, called, said);
    if (points === 0) return null;
    sum += points;
  }
  return sum;
}

function pointsOf(word: string, called: string, said: string): number {
  if (called === word) return 6;
  if (called.startsWith(word)) return 5;
  if (begins(called, word)) return 4;
  if (begins(said, word)) return 2;
  return called.includes(word) || said.includes(word) ? 1 : 0;
}

const begins = (text: string, word: string): boolean =>
  text.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word));

/** What fits, the best first; what fits alike keeps its order. */
export function ranked<T>(query: string, all: readonly T[], words: (one: T) => [name: string, rest: string]): T[] {
  const found: { one: T; points: number }[] = [];
  for (const one of all) {
    const points = fit(query, ...words(one));
    if (points !== null) found.push({ one, points });
  }
  return found.sort((a, b) => b.points - a.points).map(({ one }) => one);
}
