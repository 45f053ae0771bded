import type { AuditEntry, AuditPage } from "@diskret/api";
import { asProblem, call } from "../api";
import { explain } from "../i18n/errors";

const PAGE = 50;

/** Entries, the newest first, page by page: a long log costs no more than a short one. */
export class Entries {
  items = $state.raw<AuditEntry[] | null>(null);
  next = $state<number | null>(null);
  busy = $state(false);
  failed = $state("");
  #words = new URLSearchParams();
  #turn = 0;

  constructor(private readonly path: string) {}

  /** From the beginning, with these filters. What was asked for before and comes late is not shown. */
  async load(words: URLSearchParams = this.#words): Promise<void> {
    this.#words = words;
    this.items = null;
    this.next = null;
    await this.#ask([]);
  }

  async more(): Promise<void> {
    await this.#ask(this.items ?? []);
  }

  async #ask(before: AuditEntry[]): Promise<void> {
    const turn = ++this.#turn;
    const words = new URLSearchParams(this.#words);
    words.set("limit", String(PAGE));
    if (this.next !== null) words.set("before", String(this.next));
    this.busy = true;
    this.failed = "";
    try {
      const page = await call<AuditPage>("GET", `${this.path}?${words}`);
      if (turn !== this.#turn) return;
      this.items = [...before, ...page.items];
      this.next = page.next;
    } catch (error) {
      if (turn === this.#turn) this.failed = explain(asProblem(error));
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }
}
