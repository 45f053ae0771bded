import type { Outgoing } from "./queue";

/** What a visit leaves for the next page load of this tab: nothing confirmed, only what would be lost. */
export interface Leftover {
  draft: string; // masked
  sender: string;
  counter: number;
  pending: Outgoing[];
  token?: string; // whose conversation it was; another window may have begun one since
}

interface Kept {
  token: string;
  seen: number;
}

/**
 * Storage of the widget's own origin, which the host page cannot read. Works without any: then a page load is a visit.
 * The token is kept from the first sent message on; before that nothing is written.
 */
export class Memory {
  token?: string;
  seen = 0;
  fleeting = false; // there is no storage: all of it ends with the page
  readonly #name: string;
  #keeping = false;

  constructor(widget: string) {
    this.#name = `diskret:${widget}`;
    const kept = read<Kept>("localStorage", this.#name);
    if (kept && typeof kept.token === "string") {
      this.token = kept.token;
      this.seen = Number(kept.seen) || 0;
      this.#keeping = true;
    }
  }

  keep(): void {
    this.#keeping = true;
    this.#write();
  }

  see(sequence: number): void {
    this.seen = sequence;
    this.#write();
  }

  forget(): void {
    this.token = undefined;
    this.seen = 0;
    this.#keeping = false;
    write("localStorage", this.#name, undefined);
  }

  /** Read once and gone, so that a duplicated tab cannot speak under the same sender. */
  take(): Leftover | undefined {
    const leftover = read<Leftover>("sessionStorage", this.#name);
    if (leftover) write("sessionStorage", this.#name, undefined);
    this.token = leftover?.token ?? this.token;
    return leftover;
  }

  leave(leftover: Leftover): void {
    if (leftover.draft || leftover.pending.length)
      write("sessionStorage", this.#name, { ...leftover, token: this.token });
  }

  #write(): void {
    if (this.#keeping && this.token)
      this.fleeting = !write("localStorage", this.#name, { token: this.token, seen: this.seen });
  }
}

type Area = "localStorage" | "sessionStorage";

// Even naming the storage throws where it is blocked, hence the name and not the object.
function read<T>(area: Area, name: string): T | undefined {
  try {
    return JSON.parse(window[area].getItem(name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** False: there is no storage, or no room in it. */
function write(area: Area, name: string, value: unknown): boolean {
  try {
    if (value === undefined) window[area].removeItem(name);
    else window[area].setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
