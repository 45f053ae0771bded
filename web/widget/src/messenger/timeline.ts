import type { Entry, EventEntry } from "@diskret/api";

/** An entry and what this page load knows about it. */
export interface Placed {
  entry: Entry;
  key: string; // of what the team said: conversation and number
  masked: boolean; // a card number was covered before it was sent
}

export type Verdict = "placed" | "known" | "ahead";

/**
 * What is stored, in order and without gaps. An entry that comes too early waits in `ahead`; the owner then asks again
 * from `last`. What is there already is dropped.
 */
export class Timeline {
  entries: Placed[] = [];
  last = 0;
  #ahead = new Map<number, Placed>();
  #conversation = "";
  #floating = true; // nothing held yet: the replay may begin anywhere (older entries may be deleted)

  /** `welcome` arrived. Without a conversation on the server the first entry must be number 1. */
  begin(exists: boolean): void {
    this.#floating = exists && this.last === 0;
  }

  place(placed: Placed): Verdict {
    const { conversation, sequence } = placed.entry;
    if (this.#conversation && conversation !== this.#conversation) {
      // The visitor's next conversation counts from its own beginning; what was said stays on screen above it.
      this.last = 0;
      this.#floating = true;
      this.#ahead.clear();
    }
    this.#conversation = conversation;
    if (this.#floating) {
      this.#floating = false;
      this.last = sequence - 1;
    }
    if (sequence <= this.last || this.#ahead.has(sequence)) return "known";
    this.#ahead.set(sequence, placed);
    this.#settle();
    return sequence <= this.last ? "placed" : "ahead";
  }

  /**
   * The replay is complete up to here, so what is still missing does not exist any more: close the holes rather than
   * ask for ever.
   */
  complete(lastSequence: number): void {
    for (const sequence of [...this.#ahead.keys()].sort((a, b) => a - b)) {
      if (sequence > lastSequence + 1) break;
      this.last = Math.max(this.last, sequence - 1);
      this.#settle();
    }
    this.last = Math.max(this.last, lastSequence);
    this.#floating = false;
    this.#settle();
  }

  get gap(): boolean {
    return this.#ahead.size > 0;
  }

  /** Confirmed by the server, though something before them is still on its way. */
  get waiting(): Placed[] {
    return [...this.#ahead.values()];
  }

  clear(): void {
    this.entries = [];
    this.#ahead.clear();
    this.last = 0;
    this.#conversation = "";
    this.#floating = true;
  }

  #settle(): void {
    for (let next = this.#ahead.get(this.last + 1); next; next = this.#ahead.get(this.last + 1)) {
      this.#ahead.delete(++this.last);
      // A correction stands in the place of what it corrects; where something was taken back, nothing does.
      const { conversation, of, text } = next.entry as Required<EventEntry>;
      if (of) {
        for (const { entry, key } of this.entries) if (key === `${conversation}.${of}`) entry.text = text;
      } else this.entries.push(next);
    }
  }
}
