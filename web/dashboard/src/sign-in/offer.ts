import type { PasskeyQuestion, PasskeySignIn } from "@diskret/api";
import { canOffer, use } from "../account/passkey";
import { call } from "../api";

/** A question is good for five minutes: it is asked anew before. */
const ANEW_MS = 4 * 60_000;

export function ask(): Promise<PasskeyQuestion> {
  return call<PasskeyQuestion>("POST", "/api/session/passkey/question", undefined, true);
}

/**
 * Has the browser offer passkeys where the e-mail address is typed, until it is stopped. Whoever wants none notices nothing, and
 * neither does whoever's browser cannot.
 */
export function offer(take: (answer: PasskeySignIn) => Promise<void>): () => void {
  let stopped = false;
  let abort = new AbortController();
  const round = async () => {
    while (!stopped) {
      abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), ANEW_MS);
      try {
        const answer = await use(await ask(), "conditional", abort.signal);
        if (!stopped) await take(answer);
      } catch (error) {
        // Only the timer goes on: what else fails would fail again at once.
        if (!(error instanceof DOMException && error.name === "AbortError")) return;
      } finally {
        clearTimeout(timer);
      }
    }
  };
  void canOffer().then((can) => (can ? round() : undefined));
  return () => {
    stopped = true;
    abort.abort();
  };
}
