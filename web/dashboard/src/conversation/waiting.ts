import type { ConversationSummary } from "@diskret/api";
import { isOnIt } from "./list-order";

/** Who waits longest of one's own and of nobody's. Not who wrote last: whoever writes again is on top of every list. */
export function longestWaiting(all: Iterable<ConversationSummary>, me: string): ConversationSummary | null {
  let longest: ConversationSummary | null = null;
  for (const row of all) {
    const ours = row.assignee === null || isOnIt(row, me);
    if (!ours || row.waiting_since === null || row.state === "ended" || row.snoozed_until !== null) continue;
    if (longest?.waiting_since == null || row.waiting_since < longest.waiting_since) longest = row;
  }
  return longest;
}
