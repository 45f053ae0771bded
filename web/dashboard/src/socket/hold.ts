import type { Item } from "./outbox";

/** Messages that can still be taken back: they go a few seconds later, in the order in which they were written. */
export class Hold {
  #held: Item[] = [];
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #keys = 0;

  constructor(private readonly release: (items: readonly Item[]) => void) {}

  /** The keys count downwards: the outbox counts its own upwards. */
  add(conversation: string, text: string, now: number, forMs: number): Item {
    const key = --this.#keys;
    const item: Item = { key, conversation, text, note: false, at: now, counter: 0, state: "held", uncertain: false };
    this.#held.push(item);
    this.#timers.set(
      key,
      setTimeout(() => this.letGo(key), forMs),
    );
    return item;
  }

  of(conversation: string): Item[] {
    return this.#held.filter((item) => item.conversation === conversation);
  }

  take(key: number): Item | null {
    const item = this.#held.find((one) => one.key === key);
    if (item) this.#forget([item]);
    return item ?? null;
  }

  /** Nothing overtakes what was written before it in the same conversation. */
  letGo(key: number): void {
    const last = this.#held.find((one) => one.key === key);
    if (last) this.#send(this.#held.filter((one) => one.conversation === last.conversation && one.key >= key));
  }

  letAllGo(): void {
    if (this.#held.length > 0) this.#send([...this.#held]);
  }

  get size(): number {
    return this.#held.length;
  }

  #send(items: Item[]): void {
    this.#forget(items);
    this.release(items);
  }

  #forget(items: readonly Item[]): void {
    this.#held = this.#held.filter((one) => !items.includes(one));
    for (const { key } of items) {
      clearTimeout(this.#timers.get(key));
      this.#timers.delete(key);
    }
  }
}
