import type { Entry, EntryPage } from "@diskret/api";

/** A stretch of one conversation without holes, from some entry up to the newest one that we hold. */
export interface Timeline {
  readonly entries: readonly Entry[];
}

export type Outcome = "appended" | "known" | "gap";

export function openAt(page: EntryPage): Timeline {
  return { entries: page.items };
}

/** The last sequence that we hold without a hole before it: what `follow` names. */
export function heldUpTo(timeline: Timeline): number {
  return timeline.entries.at(-1)?.sequence ?? 0;
}

/** Sequences start at 1, so whether there is more to load needs no cursor from the server. */
export function firstHeld(timeline: Timeline): number {
  return timeline.entries[0]?.sequence ?? 1;
}

/** Takes an entry only where it continues the stretch. A gap changes nothing: the caller asks for what is missing. */
export function receive(timeline: Timeline, entry: Entry): { timeline: Timeline; outcome: Outcome } {
  const held = heldUpTo(timeline);
  if (entry.sequence <= held) return { timeline, outcome: "known" };
  if (entry.sequence > held + 1) return { timeline, outcome: "gap" };
  return {
    timeline: { entries: [...timeline.entries.map((each) => altered(each, entry)), entry] },
    outcome: "appended",
  };
}

/** An entry as it is once this one has come: what was corrected has its newest text, what was taken back none. */
function altered(entry: Entry, by: Entry): Entry {
  if (by.type !== "event" || by.of !== entry.sequence || entry.type !== "message") return entry;
  return { ...entry, text: by.text ?? "" };
}

export function prepend(timeline: Timeline, page: EntryPage): Timeline {
  const first = firstHeld(timeline);
  const older = page.items.filter((entry) => entry.sequence < first);
  return { entries: [...older, ...timeline.entries] };
}

/** Before which entry the line "new" belongs: the first of the last `unread` messages of the visitor. */
export function firstUnread(timeline: Timeline, unread: number): number | null {
  let left = unread;
  let found: number | null = null;
  for (let at = timeline.entries.length - 1; at >= 0 && left > 0; at--) {
    const entry = timeline.entries[at];
    if (entry?.type !== "message" || entry.author.kind !== "visitor") continue;
    found = entry.sequence;
    left--;
  }
  return found;
}
