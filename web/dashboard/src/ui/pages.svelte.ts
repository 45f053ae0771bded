import { asProblem, call } from "../api";
import { explain } from "../i18n/errors";

const PAGE = 50;

interface Page<Item> {
  items: Item[];
  next: number | null;
}

/** What there is at an address, the newest first, page by page: a long list costs no more than a short one. */
export class Pages<Item> {
  items = $state.raw<Item[] | null>(null);
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

  async #ask(before: Item[]): Promise<void> {
    const turn = ++this.#turn;
    const words = new URLSearchParams(this.#words);
    words.set("limit", String(PAGE));
    if (this.next !== null) words.set("before", String(this.next));
    this.busy = true;
    this.failed = "";
    try {
      const page = await call<Page<Item>>("GET", `${this.path}?${words}`);
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
