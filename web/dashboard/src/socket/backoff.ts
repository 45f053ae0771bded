const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Doubles from half a second to thirty, each with up to half taken off, so that clients do not return in step. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.max(FIRST_MS, Math.round(ceiling * (0.5 + random() / 2)));
}
