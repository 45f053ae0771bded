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
  mine?: boolean;
  name?: string; // of who wrote, above the first of a group
  meta?: string; // time and state, below the last of a group
  note?: string; // that a card number was covered, part of `meta` in the end
  open?: boolean; // same author goes on below: no tail at the bubble
  sequence?: number;
}

interface Draft extends Row {
  who: string;
  at: number;
}

const GROUP = 5 * 60_000_000; // microseconds

export interface Scene {
  session: Session;
  texts: Messages;
  calendar: Calendar;
  organisation: string;
  greeting: string;
  online: boolean; // the browser's view
  fresh: number; // first sequence that is new to the visitor, 0: none
}

export function rows(scene: Scene): Row[] {
  const { session, texts, calendar } = scene;
  const out: Row[] = [];
  if (scene.greeting) out.push({ key: "greeting", kind: "message", text: scene.greeting, name: scene.organisation });
  const drafts = [
    ...session.timeline.entries.flatMap((placed) => entryRow(placed, scene)),
    ...session.timeline.waiting.flatMap((placed) => entryRow(placed, scene)),
    ...session.queue.pending.map((item): Draft => ownRow(item, sending(scene), scene)),
  ];
  let day = calendar.day(Date.now() * 1000);
  drafts.forEach((draft, index) => {
    const on = calendar.day(draft.at);
    // A conversation that began today needs no heading.
    const turned = on !== day;
    if (turned) out.push({ key: `day ${on}`, kind: "day", text: on });
    day = on;
    const marked = !!draft.sequence && draft.sequence === scene.fresh;
    if (marked) out.push({ key: "fresh", kind: "fresh", text: texts.fresh });
    const before = turned || marked ? undefined : drafts[index - 1];
    out.push(grouped(draft, before, drafts[index + 1], calendar));
  });
  if (session.erased) out.push({ key: "erased", kind: "event", text: texts.erased });
  return out;
}

function grouped({ who, at, ...row }: Draft, before: Draft | undefined, after: Draft | undefined, calendar: Calendar): Row {
  if (row.kind !== "message") return row;
  const near = (other?: Draft) => other?.who === who && Math.abs(other.at - at) < GROUP;
  if (near(before)) row.name = undefined;
  row.open = near(after);
  // Time and state once per group; `who` differs where the state does.
  if (!row.open || row.note) row.meta = calendar.time(at) + row.meta + row.note;
  else row.meta = "";
  return row;
}

function entryRow({ entry, key, masked }: Placed, { session, texts, organisation }: Scene): Draft[] {
  const { sequence, at } = entry;
  if (entry.type === "event") {
    const text = eventText(entry, texts);
    return text ? [{ key, kind: "event", text, sequence, at, who: key }] : [];
  }
  const mine = entry.author.kind === "visitor";
  const meta = mine ? ` · ${sequence <= session.teamSeen ? texts.seen : texts.stored}` : "";
  const name = mine ? undefined : entry.author.name || organisation;
  const note = masked ? ` · ${texts.masked}` : "";
  const who = `${entry.author.id}${name}${meta}`;
  return [{ key, kind: "message", text: entry.text, mine, name, meta, note, sequence, at, who }];
}

function eventText(entry: EventEntry, texts: Messages): string {
  if (entry.event === "assigned" && entry.operator) return texts.isHere(entry.operator.name);
  return entry.event === "ended" ? texts.ended : "";
}

function ownRow(item: { key: string; text: string; masked: boolean; at: number }, meta: string, scene: Scene): Draft {
  const note = item.masked ? ` · ${scene.texts.masked}` : "";
  return { key: item.key, kind: "message", text: item.text, mine: true, meta, note, at: item.at, who: meta };
}

const sending = ({ session, texts, online }: Scene): string =>
  ` · ${session.link === "ready" && online ? texts.sending : texts.queued}`;
