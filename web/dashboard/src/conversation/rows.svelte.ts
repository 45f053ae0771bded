import type { ConversationPage, ConversationSummary, ListName } from "@diskret/api";
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { asProblem, call } from "../api";
import { session } from "../session/session.svelte";
import { Known } from "./known.svelte";
import { belongs, byActivity, departed, floorOf, isOnIt, newer, renewed } from "./list-order";

interface Loading {
  state: "empty" | "loading" | "ready" | "failed" | "more" | "more-failed";
  next: number | null;
  floor: number; // the list is known down to this position; what lies below waits for "load more"
}
type ListKey = `${ListName}:${"open" | "ended"}`;

const PAGE = 50;
const FURTHER = 200; // whoever scrolls on wants much
const keyOf = (list: ListName, ended: boolean): ListKey => `${list}:${ended ? "ended" : "open"}`;

/** Every conversation that this page knows, and how far each list has been loaded. */
class Rows {
  all = new Known<ConversationSummary>();
  counts = $state.raw({ mine: 0, unassigned: 0, all: 0 });
  lists = new SvelteMap<ListKey, Loading>();
  position = 0;
  /** Handed to this operator, or they were invited, and they have not looked yet: known to this window alone. */
  called = new SvelteSet<string>();
  #touched = new Map<string, number>();
  #clock = 0;

  of(list: ListName, ended: boolean): ConversationSummary[] {
    const me = session.me;
    const { floor } = this.loading(list, ended);
    return this.all
      .values()
      .filter((row) => (row.position >= floor || row.mentioned) && belongs(row, list, ended, me))
      .sort(byActivity);
  }

  loading(list: ListName, ended: boolean): Loading {
    return this.lists.get(keyOf(list, ended)) ?? { state: "empty", next: null, floor: 0 };
  }

  /** Conversations with something unread that concerns this operator: theirs and nobody's, and what they were called to. */
  get unread(): number {
    let count = 0;
    for (const row of this.all.values())
      if (row.mentioned || this.isCalled(row)) count++;
      else if (
        row.unread > 0 &&
        row.state !== "ended" &&
        row.snoozed_until === null &&
        (row.assignee === null || isOnIt(row, session.me))
      )
        count++;
    return count;
  }

  isCalled(row: ConversationSummary): boolean {
    return row.state !== "ended" && this.called.has(row.id);
  }

  /** False: what is known is newer. */
  put(row: ConversationSummary): boolean {
    const known = this.all.get(row.id);
    if (!newer(known, row)) return false;
    this.position = Math.max(this.position, row.position);
    this.#touched.set(row.id, ++this.#clock);
    if (!isOnIt(row, session.me)) this.called.delete(row.id);
    this.all.set(row.id, renewed(known, row));
    return true;
  }

  /** A change that the server has not told yet: shown at once, replaced by what it says. */
  change(id: string, changes: Partial<ConversationSummary>): void {
    const row = this.all.get(id);
    if (row) this.all.set(id, { ...row, ...changes });
  }

  remove(id: string): void {
    this.all.delete(id);
    this.#touched.delete(id);
    this.called.delete(id);
  }

  clear(): void {
    this.all.clear();
    this.lists.clear();
    this.#touched.clear();
    this.called.clear();
    this.counts = { mine: 0, unassigned: 0, all: 0 };
    this.position = 0;
  }

  /** Loads a list from its top. What the answer does not name and nobody told us meanwhile has left it. */
  async load(list: ListName, ended: boolean, keep: string | null): Promise<void> {
    const key = keyOf(list, ended);
    const known = this.loading(list, ended);
    if (known.state === "loading") return;
    const quiet = known.state === "ready" || known.state === "more" || known.state === "more-failed";
    if (!quiet) this.lists.set(key, { state: "loading", next: null, floor: 0 });
    const asked = this.#clock;
    try {
      const page = await this.#fetch(list, ended, null);
      // Where a note names one, it stands among theirs without being theirs.
      const shown = this.of(list, ended).filter((row) => list !== "mine" || isOnIt(row, session.me));
      for (const row of departed(shown, page, Infinity)) {
        const told = (this.#touched.get(row.id) ?? 0) > asked;
        if (!told && row.id !== keep) this.remove(row.id);
      }
      this.#take(page);
      this.lists.set(key, { state: "ready", next: page.next, floor: floorOf(page) });
    } catch (error) {
      if (asProblem(error).status !== 401)
        this.lists.set(key, quiet ? known : { state: "failed", next: null, floor: 0 });
    }
  }

  /** Loads one's own, nobody's and the list on screen; the others are loaded when they are shown. */
  reload(list: ListName, ended: boolean, keep: string | null): void {
    const shown = new Set<ListKey>(["mine:open", "unassigned:open", keyOf(list, ended)]);
    for (const key of this.lists.keys()) if (!shown.has(key)) this.lists.delete(key);
    for (const key of shown) void this.load(key.split(":")[0] as ListName, key.endsWith("ended"), keep);
  }

  /** Where notes name this operator, every page. What is not named any more stays where else it belongs. */
  async loadMentioned(): Promise<void> {
    try {
      const named = new Set<string>();
      let next: number | null = null;
      do {
        const page: ConversationPage = await this.#fetch("mentioned", true, next);
        this.#take(page);
        for (const row of page.items) named.add(row.id);
        next = page.next;
      } while (next);
      for (const row of this.all.values())
        if (row.mentioned && !named.has(row.id)) this.change(row.id, { mentioned: false });
    } catch {
      // Whoever calls is told of anyway; the next time it is looked for again.
    }
  }

  async more(list: ListName, ended: boolean): Promise<void> {
    const key = keyOf(list, ended);
    const { state, next, floor } = this.loading(list, ended);
    if (next === null || (state !== "ready" && state !== "more-failed")) return;
    this.lists.set(key, { state: "more", next, floor });
    try {
      const page = await this.#fetch(list, ended, next);
      this.#take(page);
      this.lists.set(key, { state: "ready", next: page.next, floor: floorOf(page) });
    } catch {
      this.lists.set(key, { state: "more-failed", next, floor });
    }
  }

  #take(page: ConversationPage): void {
    for (const row of page.items) this.put(row);
    this.counts = page.counts;
  }

  #fetch(list: ListName, ended: boolean, before: number | null): Promise<ConversationPage> {
    const query = new URLSearchParams({ list, ended: String(ended), limit: String(before === null ? PAGE : FURTHER) });
    if (before !== null) query.set("before", String(before));
    return call<ConversationPage>("GET", `/api/conversations?${query}`);
  }
}

export const rows = new Rows();
