const FIRST = 500;
const LONGEST = 30_000;

/** Wait before the next attempt: doubles from 0.5 s to 30 s; the upper half is random, so that a restarted server is not
 *  met by everyone at once. */
export function backoff(attempt: number, random = Math.random()): number {
  const whole = Math.min(LONGEST, FIRST * 2 ** attempt);
  return whole / 2 + (whole / 2) * random;
}

/** The server named a wait: never earlier, spread over as much again (at most 5 s more). */
export function afterServer(wait: number, random = Math.random()): number {
  return wait + Math.min(wait || 1000, 5000) * random;
}
