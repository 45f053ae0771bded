/** A message of this page load that the server has not confirmed. */
export interface Outgoing {
  key: string; // stays the same when the message moves into the timeline
  counter: number;
  text: string; // already masked
  masked: boolean;
  at: number; // when it was written, for the screen only
}

/**
 * Numbers messages from 1 without gaps, keeps what is unconfirmed, and says what to send next.
 * Knows neither sockets nor clocks: whoever owns it calls `due` when it may send.
 */
export class SendQueue {
  inFlight = 1; // the server's limit, known with `welcome`
  #items: Outgoing[] = [];
  #sent = 0; // how many of `items`, from the first, went out on this connection
  #counter = 0;
  #made = Date.now(); // keys differ from those of an earlier page load

  constructor(readonly sender: string) {}

  get pending(): readonly Outgoing[] {
    return this.#items;
  }

  push(text: string, masked: boolean, at: number): Outgoing {
    const item = { key: `${this.sender}.${++this.#made}`, counter: ++this.#counter, text, masked, at };
    this.#items.push(item);
    return item;
  }

  /** What may be sent now, in order; counts as sent from here on. */
  due(): Outgoing[] {
    const from = this.#sent;
    this.#sent = Math.max(from, Math.min(this.#items.length, this.inFlight));
    return this.#items.slice(from, this.#sent);
  }

  /** The server has stored this counter. Undefined: it was known already (an answer to a retry). */
  stored(counter: number): Outgoing | undefined {
    const index = this.#items.findIndex((item) => item.counter === counter);
    if (index < 0) return undefined;
    if (index < this.#sent) this.#sent--;
    return this.#items.splice(index, 1)[0];
  }

  /** A new connection, or a refusal for now: everything unconfirmed has to go out again, from the first. */
  rewind(): void {
    this.#sent = 0;
  }

  /**
   * The server wants `expected` first. If it is one of ours, sending again from the first is enough, because a repeated
   * counter is a retry. If the server knows less than it once confirmed (a new conversation), what is left is renumbered.
   */
  expect(expected: number): void {
    const first = this.#items[0];
    if (first && expected < first.counter) this.#number(expected);
    if (!first) this.#counter = expected - 1;
    this.rewind();
  }

  /** The server will never take this one: out of the row, and the later ones close the gap. */
  reject(counter: number): Outgoing | undefined {
    const first = this.#items[0]?.counter ?? 0;
    const rejected = this.stored(counter);
    if (rejected) this.#number(first);
    this.rewind();
    return rejected;
  }

  /** The conversation is gone: what is unconfirmed becomes the beginning of the next one. */
  restart(): void {
    this.#number(1);
    this.rewind();
  }

  /** Takes over what another page load of this tab left unconfirmed, under the same sender. */
  resume(items: readonly Outgoing[], counter: number): void {
    this.#items = [...items];
    this.#counter = counter;
  }

  get last(): number {
    return this.#counter;
  }

  #number(from: number): void {
    this.#items.forEach((item, index) => {
      item.counter = from + index;
    });
    this.#counter = from + this.#items.length - 1;
  }
}
