import type { ConversationState, ConversationSummary, Language } from "@diskret/api";

/** What of a list is shown; nothing set is everything. */
export interface Filter {
  state: Exclude<ConversationState, "ended"> | null;
  language: Language | null;
  group: string | null;
  topic: string | null;
  unread: boolean;
  snoozed: boolean; // those that are put off, instead of all others
  waiting: number; // minutes, more than; 0 is any
}

export const everything: Filter = {
  state: null,
  language: null,
  group: null,
  topic: null,
  unread: false,
  snoozed: false,
  waiting: 0,
};
export const states = ["new", "open", "pending"] as const;
export const LONGEST_MINUTES = 1_440;

/** From the address: whatever cannot be read there hides nothing. */
export function readFilter(search: string): Filter {
  const words = new URLSearchParams(search);
  const state = states.find((one) => one === words.get("state")) ?? null;
  const language = (["de", "en"] as const).find((one) => one === words.get("language")) ?? null;
  const minutes = Number(words.get("waiting"));
  const waiting = Number.isInteger(minutes) && minutes > 0 && minutes <= LONGEST_MINUTES ? minutes : 0;
  const unread = words.get("unread") === "yes";
  const snoozed = words.get("snoozed") === "yes";
  const [group, topic] = [words.get("group") || null, words.get("topic") || null];
  return { state, language, group, topic, unread, snoozed, waiting };
}

/** As it stands in the address, so that it can be kept as a bookmark: "" where nothing is set. */
export function writeFilter(filter: Filter): string {
  const words = new URLSearchParams();
  if (filter.state) words.set("state", filter.state);
  if (filter.language) words.set("language", filter.language);
  if (filter.group) words.set("group", filter.group);
  if (filter.topic) words.set("topic", filter.topic);
  if (filter.unread) words.set("unread", "yes");
  if (filter.snoozed) words.set("snoozed", "yes");
  if (filter.waiting > 0) words.set("waiting", String(filter.waiting));
  return words.size > 0 ? `?${words}` : "";
}

export function count(filter: Filter): number {
  return Object.values(filter).filter(Boolean).length;
}

export function passes(row: ConversationSummary, filter: Filter, nowMs: number): boolean {
  if (filter.snoozed !== (row.snoozed_until !== null)) return false;
  if (filter.state && row.state !== filter.state) return false;
  if (filter.language && row.language !== filter.language) return false;
  if (filter.group && row.group?.id !== filter.group) return false;
  if (filter.topic && !row.topics.some((topic) => topic.id === filter.topic)) return false;
  if (filter.unread && row.unread === 0) return false;
  if (filter.waiting === 0) return true;
  return row.waiting_since !== null && nowMs - row.waiting_since / 1000 > filter.waiting * 60_000;
}
