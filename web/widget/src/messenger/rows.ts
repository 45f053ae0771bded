import type { EventEntry } from "@diskret/api";
import type { Calendar } from "./locale";
import type { Messages } from "./messages";
import type { Session } from "./session";
import type { Placed } from "./timeline";

/** One line of the conversation as it stands on screen; compared as a whole to find what changed. */
export interface Row {
  key: string;
  kind: "day" | "fresh" | "event" | "message";
  text: string;
  sequence?: number;
  // Messages only:
  mine?: boolean;
  name?: string; // of who wrote, above the first of a group
  meta?: string; // time and state, below the last of a group
  masked?: boolean;
  open?: boolean; // the group goes on below: no tail at the bubble
  group?: string; // same author, same state
  at?: number;
}

const TOGETHER = 5 * 60_000_000; // microseconds

export interface Scene {
  session: Session;
  texts: Messages;
  calendar: Calendar;
  organisation: string;
  greeting: string;
  fresh: number; // first sequence that is new to the visitor, 0: none
}

export function rows({ session, texts, calendar, organisation, greeting, fresh }: Scene): Row[] {
  const out: Row[] = greeting ? [{ key: "greeting", kind: "message", text: greeting, name: organisation }] : [];
  let day = calendar.day(Date.now() * 1000); // a conversation that began today needs no heading
  for (const { entry, key, masked } of everything(session)) {
    const { sequence, at } = entry;
    const text = entry.type === "message" ? entry.text : eventText(entry, texts);
    // What happens right after something else takes its place: an end that was taken back, a second hand-over.
    if (entry.type === "event" && out.at(-1)?.kind === "event") out.pop();
    if (!text) continue;
    const on = calendar.day(at);
    if (on !== day) out.push({ key: on, kind: "day", text: on });
    day = on;
    if (sequence && sequence === fresh) out.push({ key: "fresh", kind: "fresh", text: texts.fresh });
    if (entry.type === "event") {
      out.push({ key, kind: "event", text, sequence });
      continue;
    }
    const mine = entry.author.kind === "visitor";
    const name = mine ? "" : entry.author.name || organisation;
    const state = mine ? stateOf(sequence, session, texts) : "";
    const group = name + state;
    const meta = [calendar.time(at), state, masked && texts.masked].filter(Boolean).join(" · ");
    const before = out.at(-1);
    const goesOn = before?.group === group && at - (before.at ?? 0) < TOGETHER;
    if (goesOn) {
      before.open = true;
      if (!before.masked) before.meta = "";
    }
    out.push({ key, kind: "message", text, sequence, mine, name: goesOn ? "" : name, meta, masked, group, at });
  }
  if (session.erased) out.push({ key: "erased", kind: "event", text: texts.erased });
  if (session.fleeting) out.push({ key: "fleeting", kind: "event", text: texts.fleeting });
  return out;
}

/** What is stored, what waits for something before it, and what is not stored yet (sequence 0). */
function everything({ timeline, queue }: Session): Placed[] {
  const pending = queue.pending.map(({ key, text, masked, at }) => {
    const author = { kind: "visitor" as const };
    return {
      key,
      masked,
      entry: { type: "message" as const, conversation: "", sequence: 0, author, note: false, text, at },
    };
  });
  return [...timeline.entries, ...timeline.waiting, ...pending];
}

function stateOf(sequence: number, { teamSeen, link }: Session, texts: Messages): string {
  if (sequence) return sequence > teamSeen ? texts.stored : texts.seen;
  return link === "ready" && navigator.onLine ? texts.sending : texts.queued;
}

function eventText({ event, operator }: EventEntry, texts: Messages): string {
  if (event === "assigned" && operator) return texts.isHere(operator.name);
  return event === "ended" ? texts.ended : "";
}
