const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const SPREAD_MS = 5_000;

/**
 * Wait in milliseconds before the next attempt: anything up to a bound that doubles from half a second to thirty. All of it
 * is random, so that those who lost the same server do not meet the next one in step.
 */
export function backoff(attempt: number, random = Math.random()): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * random;
}

/** The server named a wait: never earlier, spread over as much again (at most 5 s more). */
export function afterServer(wait: number, random = Math.random()): number {
  return wait + Math.min(wait || 1000, SPREAD_MS) * random;
}
