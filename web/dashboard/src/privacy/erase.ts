import type { ConversationSummary, Erasure, MessageEntry, NewErasure, Passage, Stub } from "@diskret/api";
import { mount, unmount } from "svelte";
import { asProblem, call } from "../api";
import { live } from "../conversation/live.svelte";
import { rows } from "../conversation/rows.svelte";
import { selection } from "../conversation/selection.svelte";
import { threads } from "../conversation/threads.svelte";
import { onDay } from "../i18n/dates.svelte";
import { explain } from "../i18n/errors";
import { t, tn } from "../i18n/index.svelte";
import { toasts } from "../shell/toasts.svelte";
import { freshId } from "./fresh-id";
import { joined, passage } from "./passages";
import RedactDialog from "./RedactDialog.svelte";
import { stubs } from "./stubs.svelte";

const offers = new Map<string, number>(); // notices that offer to undo an erasure
const AT_ONCE = 500; // conversations in one erasure

/** Gone from the screen at once, back there if the server does not take it. */
export async function eraseConversation(row: ConversationSummary): Promise<void> {
  hide(row, "");
  const erasure = await ask({ conversations: [row.id] });
  if (!erasure) return restore([row]);
  stubs.put(stubOf(row, erasure.id));
  told(erasure, t("erase.done", { name: t("conversation.visitor", { label: row.label }) }));
}

export async function eraseAll(all: ConversationSummary[]): Promise<void> {
  selection.clear();
  for (const row of all) hide(row, "many");
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const part = all.slice(at, at + AT_ONCE);
    const erasure = await ask({ conversations: part.map((row) => row.id) });
    if (!erasure) return restore(all.slice(at));
    for (const row of part) stubs.put(stubOf(row, erasure.id));
    told(erasure, tn("erase.done.many", part.length));
  }
}

export async function eraseMessage(entry: MessageEntry): Promise<void> {
  const erasure = await ask({ conversation: entry.conversation, entries: [entry.sequence] });
  if (erasure) told(erasure, t(entry.note ? "erase.done.note" : "erase.done.message"));
}

/** Asks which passages have to go, beginning with what was selected of the bubble's text when the menu opened. */
export function redact(entry: MessageEntry, text: Node, selected: Range | null): void {
  const first = selected && text.contains(selected.commonAncestorContainer) && within(entry.text, text, selected);
  const dialog = mount(RedactDialog, {
    target: document.body,
    props: {
      text: entry.text,
      first: first ? [first] : [],
      redact: (passages: Passage[]) => erasePassages(entry, passages),
      close: () => void unmount(dialog),
    },
  });
}

function within(words: string, text: Node, range: Range): Passage | null {
  // A name in a note is shown in place of what is stored: there, where is not told by what is seen.
  if (text.textContent !== words) return null;
  const before = new Range();
  before.setStart(text, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const start = `${before}`.length;
  return passage(words, start, start + `${range}`.length);
}

async function erasePassages(entry: MessageEntry, passages: Passage[]): Promise<boolean> {
  const all = joined(passages);
  const erasure = await ask({ conversation: entry.conversation, entry: entry.sequence, passages: all });
  if (erasure) told(erasure, tn("erase.done.passages", all.length));
  return erasure !== null;
}

/** How often a deletion is asked for whose answer does not come. */
const TRIES = 3;

/** Takes the offer to undo it off the screen. */
export function withdraw(erasure: string): void {
  const toast = offers.get(erasure);
  offers.delete(erasure);
  if (toast) toasts.close(toast);
}

/** Has it back, while it is not destroyed. */
export async function undo(erasure: string): Promise<Erasure | null> {
  try {
    const now = await call<Erasure>("POST", `/api/erasures/${encodeURIComponent(erasure)}/undo`);
    for (const { conversation } of stubs.all.filter((stub) => stub.erasure === erasure)) {
      stubs.drop(conversation);
      if (live.current === conversation) void live.show(conversation);
    }
    withdraw(erasure);
    toasts.show(t("erase.undone"));
    return now;
  } catch (error) {
    const problem = asProblem(error);
    toasts.fail(problem.status === 409 ? t("erase.too_late") : explain(problem));
    return null;
  }
}

async function ask(what: NewErasure): Promise<Erasure | null> {
  const named: NewErasure = { ...what, id: freshId() };
  for (let tries = 1; ; tries++) {
    try {
      return await call<Erasure>("POST", "/api/erasures", named);
    } catch (error) {
      const problem = asProblem(error);
      // Nobody knows whether it was done; under the same name it is done once.
      if ((problem.status === 0 || problem.status === 503) && tries < TRIES) {
        await new Promise((resolve) => setTimeout(resolve, 1000 * tries));
        continue;
      }
      if (problem.status !== 401) toasts.fail(explain(problem));
      return null;
    }
  }
}

function told(erasure: Erasure, text: string): void {
  const { id, state, destroy_at: until } = erasure;
  if (state === "held") toasts.show(`${text} ${t("erase.held", { date: onDay(until) })}`);
  else
    offers.set(
      id,
      toasts.show(state === "braked" ? t("erase.braked") : text, () => void undo(id), until),
    );
}

const stubOf = (row: ConversationSummary, erasure: string): Stub => ({
  conversation: row.id,
  state: "hidden",
  cause: "operator",
  at: Date.now() * 1000,
  erasure,
});

function hide(row: ConversationSummary, erasure: string): void {
  stubs.put(stubOf(row, erasure));
  rows.remove(row.id);
  threads.gone(row.id);
}

function restore(all: ConversationSummary[]): void {
  for (const row of all) {
    stubs.drop(row.id);
    rows.put(row);
    if (live.current === row.id) void live.show(row.id);
  }
}
