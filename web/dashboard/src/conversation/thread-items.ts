import type { Entry, EventEntry, MessageEntry } from "@diskret/api";

export type ThreadItem =
  | { kind: "day"; key: string; at: number }
  | { kind: "new"; key: string }
  | { kind: "event"; key: string; entry: EventEntry }
  | {
      kind: "message";
      key: string;
      entry: MessageEntry;
      first: boolean;
      last: boolean;
      seen: boolean;
      erased: boolean;
    };

const TOGETHER_MICROS = 2 * 60 * 1_000_000;

/** Turns entries into what stands on the screen: days, the line "new", and messages set as groups. */
export function threadItems(all: readonly Entry[], newFrom: number | null, visitorSeen: number): ThreadItem[] {
  // A correction shows where the text stands, and nowhere else.
  const entries = all.filter((entry) => entry.type === "message" || entry.of === undefined);
  const erased = new Set(all.map((entry) => entry.type === "event" && entry.event === "erased" && entry.of));
  const items: ThreadItem[] = [];
  let day = "";
  entries.forEach((entry, at) => {
    const today = dayOf(entry.at);
    if (today !== day) {
      day = today;
      items.push({ kind: "day", key: `day-${today}-${entry.sequence}`, at: entry.at });
    }
    if (entry.sequence === newFrom) items.push({ kind: "new", key: "new" });
    if (entry.type === "event") {
      items.push({ kind: "event", key: `e${entry.sequence}`, entry });
      return;
    }
    const seen = isSeen(entry, visitorSeen);
    const before = entries[at - 1];
    const after = entries[at + 1];
    items.push({
      kind: "message",
      key: `e${entry.sequence}`,
      entry,
      seen,
      erased: entry.text === "" && erased.has(entry.sequence),
      first: !before || !belongTogether(before, entry, newFrom),
      last: !after || !belongTogether(entry, after, newFrom) || seen !== isSeen(after as MessageEntry, visitorSeen),
    });
  });
  return items;
}

function isSeen(entry: MessageEntry, visitorSeen: number): boolean {
  return entry.author.kind === "operator" && !entry.note && (entry.visible ?? Infinity) <= visitorSeen;
}

function belongTogether(a: Entry, b: Entry, newFrom: number | null): boolean {
  if (a.type !== "message" || b.type !== "message" || a.note || b.note || b.sequence === newFrom) return false;
  if (a.author.kind !== b.author.kind || a.author.id !== b.author.id) return false;
  return b.at - a.at < TOGETHER_MICROS && dayOf(a.at) === dayOf(b.at);
}

export function dayOf(micros: number): string {
  const date = new Date(micros / 1000);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}
