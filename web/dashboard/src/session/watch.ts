import { session } from "./session.svelte";

const ASK_EVERY_MS = 3_000;
const USED_WITHIN_MS = 10 * 60_000;

/**
 * Roles that read no conversation have no socket that would tell them of a change: their window asks instead. Asking counts
 * as a use of the session, so a window that nobody touches falls silent, and asks at once when somebody does.
 */
export function watchSession(): () => void {
  let usedAt = Date.now();
  const isInUse = () => document.visibilityState === "visible" && Date.now() - usedAt < USED_WITHIN_MS;
  const ask = () => void session.recheck();
  const used = () => {
    const slept = !isInUse();
    usedAt = Date.now();
    if (slept) ask();
  };
  const timer = setInterval(() => isInUse() && ask(), ASK_EVERY_MS);
  const signs = ["pointerdown", "keydown", "visibilitychange"] as const;
  for (const sign of signs) document.addEventListener(sign, used);
  return () => {
    clearInterval(timer);
    for (const sign of signs) document.removeEventListener(sign, used);
  };
}
