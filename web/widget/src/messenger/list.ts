import { find, make, rich } from "./dom";
import type { Messages } from "./messages";
import type { Row } from "./rows";

interface Drawn {
  element: HTMLElement;
  stamp: string;
  row: Row;
}

/** Keeps the list element equal to the rows; touches only what changed, so that focus, selection and scroll stay. */
export function list(texts: Messages) {
  const box = find("rows");
  let drawn = new Map<string, Drawn>();
  return { draw, get, sequenceAbove };

  function draw(rows: Row[]): void {
    const next = new Map<string, Drawn>();
    let cursor = box.firstElementChild;
    for (const row of rows) {
      const old = drawn.get(row.key);
      const stamp = JSON.stringify(row);
      const element = old?.element ?? make("li", "");
      if (old?.stamp !== stamp) fill(element, row);
      next.set(row.key, { element, stamp, row });
      drawn.delete(row.key);
      if (element === cursor) cursor = cursor.nextElementSibling;
      else box.insertBefore(element, cursor);
    }
    for (const { element } of drawn.values()) element.remove();
    drawn = next;
  }

  /** Highest sequence whose line ends above this height, if it is beyond the given one. */
  function sequenceAbove(bottom: number, beyond: number): number {
    let found = beyond;
    for (const { element, row } of drawn.values())
      if (row.sequence && row.sequence > found && element.getBoundingClientRect().bottom <= bottom)
        found = row.sequence;
    return found;
  }

  function get(key: string): HTMLElement | undefined {
    return drawn.get(key)?.element;
  }

  function fill(element: HTMLElement, row: Row): void {
    const mine = row.mine ? (row.sequence ? "mine sent" : "mine") : "";
    element.className = `${row.kind} ${mine} ${row.open ? "open" : ""}`;
    if (row.kind !== "message") {
      element.textContent = row.text;
      return;
    }
    const bubble = make("p", "bubble");
    bubble.dir = "auto";
    bubble.append(rich(row.text));
    element.replaceChildren(bubble);
    // Who wrote is otherwise only a matter of side and colour; the visitor's own name is for screen readers.
    if (row.name) bubble.before(make("p", "name", row.name));
    else if (row.mine) bubble.before(make("p", "hush", `${texts.you}:`));
    if (row.meta) bubble.after(make("p", "meta", row.meta));
  }
}
