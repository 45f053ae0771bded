import type { Entry, MessageEntry } from "@diskret/api";

/** Whether an operator may still change an entry: their own, a note always, a message until the visitor has read it. */
export function isAlterable(entry: Entry, me: string | null, visitorSeen: number): entry is MessageEntry {
  if (entry.type !== "message" || entry.author.id !== me || entry.text === "") return false;
  return entry.note || (entry.visible ?? 0) > visitorSeen;
}

/** The last entry that an operator wrote, as a reply or as a note, where it may still be changed. */
export function lastAlterable(
  entries: readonly Entry[],
  note: boolean,
  me: string | null,
  visitorSeen: number,
): MessageEntry | null {
  const own = entries.filter((entry) => entry.type === "message" && entry.note === note && entry.author.id === me);
  const last = own.filter((entry) => entry.type === "message" && entry.text !== "").at(-1);
  return last && isAlterable(last, me, visitorSeen) ? last : null;
}
