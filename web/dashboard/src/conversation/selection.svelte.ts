import { SvelteSet } from "svelte/reactivity";

/** Rows that are chosen for one action on all of them. */
class Selection {
  ids = new SvelteSet<string>();
  #from: string | null = null; // where a range begins

  toggle(id: string): void {
    this.#from = id;
    if (!this.ids.delete(id)) this.ids.add(id);
  }

  /** Everything from the last one chosen to this one, as the list stands. */
  extend(to: string, list: readonly string[]): void {
    const [a, b] = [list.indexOf(this.#from ?? to), list.indexOf(to)];
    if (a < 0 || b < 0) {
      this.toggle(to);
      return;
    }
    for (const id of list.slice(Math.min(a, b), Math.max(a, b) + 1)) this.ids.add(id);
    this.#from = to;
  }

  /** What is no longer in the list is chosen no more: nobody acts on what they cannot see. */
  keep(list: ReadonlySet<string>): void {
    for (const id of this.ids) if (!list.has(id)) this.ids.delete(id);
  }

  clear(): void {
    this.ids.clear();
    this.#from = null;
  }
}

export const selection = new Selection();
