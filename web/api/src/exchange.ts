import type { ClientFrame, ProblemCode, ServerFrame } from "./index";
import { eachLine } from "./lines";

const MEDIA_TYPE = "application/x-ndjson";
const SAID_BY_STATUS: Record<number, ProblemCode> = { 401: "unauthorised", 429: "rate_limited", 503: "unavailable" };

export type Problem = Extract<ServerFrame, { type: "problem" }>;

/** The request was answered, but not with frames. `problem`: what the server meant by it, where it was the server. */
export class Refused extends Error {
  constructor(readonly problem?: Problem) {
    super("refused");
  }
}

/**
 * One request: frames go, lines come as they arrive, empty ones too. Ends with the end of the answer; throws `Refused`, or
 * what `fetch` throws when the network fails or `signal` ends it.
 */
export async function exchange(
  address: string,
  frames: ClientFrame[],
  signal: AbortSignal,
  take: (line: string) => void,
): Promise<void> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": MEDIA_TYPE },
    body: frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""),
    cache: "no-store",
    signal,
  });
  // A portal that asks to sign in answers 200 too.
  if (!answer.ok || !isOf(answer, MEDIA_TYPE) || !answer.body) throw await refusal(answer);
  await eachLine(answer.body, (line) => {
    if (!signal.aborted) take(line);
  });
}

async function refusal(answer: Response): Promise<Refused> {
  const code = SAID_BY_STATUS[answer.status];
  const wait = Number(answer.headers.get("retry-after")) * 1000;
  const isOurs = isOf(answer, "application/problem+json");
  // A balancer may name a wait as well; that somebody is not signed in only the server can know.
  if (!code || !(isOurs || (wait > 0 && answer.status !== 401))) return new Refused();
  const detail = isOurs ? String((await answer.json().catch(() => ({}))).detail ?? "") : "";
  return new Refused({ type: "problem", code, detail, fatal: true, ...(wait > 0 && { retry_after_ms: wait }) });
}

function isOf(answer: Response, kind: string): boolean {
  return answer.headers.get("content-type")?.startsWith(kind) ?? false;
}
