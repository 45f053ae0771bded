import type { ConversationSummary } from "@diskret/api";
import { isOnIt } from "../conversation/list-order";

interface Around {
  me: string;
  /** The conversation that somebody looks at right now; none where the window is out of sight or another one is in front. */
  looksAt: string | null;
  away: boolean;
}

/** Whether a row that changed brings something that its operator should be told of, wherever they look. */
export function isNews(before: ConversationSummary | undefined, now: ConversationSummary, around: Around): boolean {
  if (around.away || now.id === around.looksAt || now.state === "ended") return false;
  const isBack = now.returned_at !== null && now.returned_at !== before?.returned_at;
  const concerns = now.assignee === null || isOnIt(now, around.me);
  if (concerns && isBack) return true;
  return concerns && now.preview_from === "visitor" && now.unread > (before?.unread ?? 0);
}
