import type { ConversationSummary } from "@diskret/api";

/** An end further off than this is nothing that one waits for. */
const SOON_MINUTES = 60;

/** What the house will do next if nobody writes, and in how many minutes, begun ones counted. */
export function next(
  row: Pick<ConversationSummary, "asks_at" | "ends_at">,
  nowMs: number,
): { asks: boolean; at: number; minutes: number } | null {
  const minutes = (at: number) => Math.max(1, Math.ceil((at / 1000 - nowMs) / 60_000));
  const { asks_at: asks, ends_at: ends } = row;
  if (asks !== null && (ends === null || asks < ends)) return { asks: true, at: asks, minutes: minutes(asks) };
  if (ends === null || minutes(ends) > SOON_MINUTES) return null;
  return { asks: false, at: ends, minutes: minutes(ends) };
}
