import { make, rich } from "./dom";
import type { Messages } from "./messages";
import type { Row } from "./rows";

interface Drawn {
  element: HTMLElement;
  stamp: string;
  row: Row;
}

/** Keeps the list element equal to the rows; touches only what changed, so that focus, selection and scroll stay. */
export class List {
  #drawn = new Map<string, Drawn>();

  constructor(
    private readonly element: HTMLElement,
    private readonly texts: Messages,
  ) {}

  draw(rows: Row[]): void {
    const next = new Map<string, Drawn>();
    let cursor = this.element.firstElementChild;
    for (const row of rows) {
      const old = this.#drawn.get(row.key);
      const stamp = JSON.stringify(row);
      const element = old?.element ?? make("li", "");
      if (old?.stamp !== stamp) this.#fill(element, row);
      next.set(row.key, { element, stamp, row });
      this.#drawn.delete(row.key);
      if (element === cursor) cursor = cursor.nextElementSibling;
      else this.element.insertBefore(element, cursor);
    }
    for (const { element } of this.#drawn.values()) element.remove();
    this.#drawn = next;
  }

  /** Highest sequence whose line ends above this height, if it is beyond the given one. */
  sequenceAbove(bottom: number, beyond: number): number {
    let found = beyond;
    for (const { element, row } of this.#drawn.values())
      if (row.sequence && row.sequence > found && element.getBoundingClientRect().bottom <= bottom) found = row.sequence;
    return found;
  }

  get(key: string): HTMLElement | undefined {
    return this.#drawn.get(key)?.element;
  }

  #fill(element: HTMLElement, row: Row): void {
    element.className = [row.kind, row.mine && "mine", row.open && "open"].filter(Boolean).join(" ");
    if (row.kind !== "message") {
      element.replaceChildren(make("span", "", row.text));
      return;
    }
    const bubble = make("p", "bubble");
    bubble.dir = "auto";
    bubble.append(rich(row.text));
    const parts = [bubble];
    // Who wrote is otherwise only a matter of side and colour; the visitor's own name is for screen readers.
    if (row.name) parts.unshift(make("p", "name", row.name));
    else if (row.mine) parts.unshift(make("p", "hush", `${this.texts.you}:`));
    if (row.meta) parts.push(make("p", "meta", row.meta));
    element.replaceChildren(...parts);
  }
}
