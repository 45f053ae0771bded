import type { ConversationSummary, ListName } from "@diskret/api";

/** Whether it is an operator's, or they were asked in. */
export const isOnIt = (row: ConversationSummary, me: string): boolean =>
  row.assignee?.id === me || row.guests.some((guest) => guest.id === me);

export function belongs(row: ConversationSummary, list: ListName, ended: boolean, me: string): boolean {
  if (row.state === "ended" && !ended && !row.mentioned) return false;
  if (list === "all") return true;
  if (list === "mentioned") return row.mentioned === true;
  return list === "mine" ? isOnIt(row, me) || row.mentioned === true : row.assignee === null;
}

/**
 * Which of the rows that we show have left the list: the page covers their position and does not name them.
 * What lies below the page is unknown, not gone.
 */
export function departed(
  shown: readonly ConversationSummary[],
  page: { items: readonly ConversationSummary[]; next: number | null },
  before: number,
): ConversationSummary[] {
  const named = new Set(page.items.map((row) => row.id));
  const floor = floorOf(page);
  return shown.filter((row) => row.position < before && row.position >= floor && !named.has(row.id));
}

/** The lowest position down to which a list is known once this page is loaded. */
export function floorOf(page: { items: readonly ConversationSummary[]; next: number | null }): number {
  return page.next === null ? 0 : Math.min(...page.items.map((row) => row.position));
}

/** Newest message first. Not by position: reading or assigning a conversation must not move it under the cursor. */
export function byActivity(a: ConversationSummary, b: ConversationSummary): number {
  return b.last_at - a.last_at || b.position - a.position || (a.id < b.id ? -1 : 1);
}

/** An older picture of a conversation never replaces a newer one, whichever way it came. */
export function newer(known: ConversationSummary | undefined, next: ConversationSummary): boolean {
  return !known || next.position >= known.position;
}

/** What is known once `next` has come: how far the visitor has read and who is named in a note may have been told since. */
export function renewed(known: ConversationSummary | undefined, next: ConversationSummary): ConversationSummary {
  return {
    ...next,
    mentioned: next.mentioned ?? known?.mentioned ?? false,
    visitor_seen: Math.max(next.visitor_seen, known?.visitor_seen ?? 0),
  };
}

/** Who J or K leads to from `current`; the list's ends hold. */
export function neighbour(ids: readonly string[], current: string | null, step: 1 | -1): string | null {
  if (ids.length === 0) return null;
  const at = current === null ? -1 : ids.indexOf(current);
  if (at < 0) return (step === 1 ? ids[0] : ids[ids.length - 1]) ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? null;
}
