import type { ConversationSummary, Entry, EntryPage } from "@diskret/api";
import { SvelteMap } from "svelte/reactivity";
import { asProblem, call } from "../api";
import { rows } from "./rows.svelte";
import { firstHeld, firstUnread, heldUpTo, type Outcome, openAt, prepend, receive, type Timeline } from "./timeline";

export interface Thread {
  timeline: Timeline | null;
  state: "loading" | "ready" | "failed" | "gone";
  older: "idle" | "loading" | "failed";
  newFrom: number | null; // before which entry "new" stands
}

const KEEP = 20;
const PAGE = 50;
const fresh: Thread = { timeline: null, state: "loading", older: "idle", newFrom: null };

/** The opened conversations, the last twenty of them: coming back to one is instant. */
class Threads {
  all = new SvelteMap<string, Thread>();

  get(id: string): Thread {
    return this.all.get(id) ?? fresh;
  }

  heldUpTo(id: string): number {
    const timeline = this.get(id).timeline;
    return timeline ? heldUpTo(timeline) : 0;
  }

  /** Makes a conversation ready to be followed; false when it cannot be shown. */
  async open(id: string): Promise<boolean> {
    const known = this.all.get(id);
    if (known?.timeline) {
      this.#reopen(id, known, known.timeline);
      return true;
    }
    this.all.delete(id);
    this.all.set(id, fresh);
    this.#forget();
    try {
      const [row, page] = await Promise.all([this.#row(id), this.#page(id, null)]);
      const opened = openAt(page);
      this.all.set(id, { timeline: opened, state: "ready", older: "idle", newFrom: firstUnread(opened, row.unread) });
      return true;
    } catch (error) {
      const { status } = asProblem(error);
      if (status !== 401) this.all.set(id, { ...fresh, state: status === 404 || status === 403 ? "gone" : "failed" });
      return false;
    }
  }

  receive(entry: Entry): Outcome | "unopened" {
    const thread = this.all.get(entry.conversation);
    if (!thread?.timeline) return "unopened";
    const { timeline, outcome } = receive(thread.timeline, entry);
    if (outcome === "appended") this.all.set(entry.conversation, { ...thread, timeline });
    return outcome;
  }

  async older(id: string): Promise<void> {
    const thread = this.all.get(id);
    if (!thread?.timeline || thread.older === "loading" || firstHeld(thread.timeline) <= 1) return;
    this.all.set(id, { ...thread, older: "loading" });
    try {
      const page = await this.#page(id, firstHeld(thread.timeline));
      this.#update(id, (now) => ({ ...now, timeline: now.timeline && prepend(now.timeline, page), older: "idle" }));
    } catch {
      this.#update(id, (now) => ({ ...now, older: "failed" }));
    }
  }

  gone(id: string): void {
    this.all.set(id, { ...fresh, state: "gone" });
  }

  /** All but one, where one is named: they are loaded again when they are opened. */
  clear(kept?: string | null): void {
    for (const id of this.all.keys()) if (id !== kept) this.all.delete(id);
  }

  /** The line "new" has done its work once one has answered. */
  clearNew(id: string): void {
    this.#update(id, (now) => ({ ...now, newFrom: null }));
  }

  /** Something arrived while nobody was looking at this thread. */
  markNew(id: string, sequence: number): void {
    this.#update(id, (now) => (now.newFrom === null ? { ...now, newFrom: sequence } : now));
  }

  #reopen(id: string, known: Thread, timeline: Timeline): void {
    const row = rows.all.get(id);
    if (row?.mentioned ?? true) void this.#row(id).catch(() => {});
    const missed = (row?.last_sequence ?? 0) > heldUpTo(timeline);
    const newFrom = row?.unread ? (missed ? heldUpTo(timeline) + 1 : firstUnread(timeline, row.unread)) : null;
    this.all.delete(id); // set anew, so that it counts as used last
    this.all.set(id, { ...known, newFrom });
  }

  #update(id: string, change: (thread: Thread) => Thread): void {
    const thread = this.all.get(id);
    if (thread) this.all.set(id, change(thread));
  }

  #forget(): void {
    for (const id of this.all.keys()) {
      if (this.all.size <= KEEP) return;
      this.all.delete(id);
    }
  }

  async #row(id: string): Promise<ConversationSummary> {
    const known = rows.all.get(id);
    // Of one that only a note brought here, changes are not told.
    if (known?.mentioned === false) return known;
    const row = await call<ConversationSummary>("GET", `/api/conversations/${encodeURIComponent(id)}`);
    rows.put(row);
    return row;
  }

  #page(id: string, before: number | null): Promise<EntryPage> {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (before !== null) query.set("before", String(before));
    return call<EntryPage>("GET", `/api/conversations/${encodeURIComponent(id)}/entries?${query}`);
  }
}

export const threads = new Threads();
