import type { ClientFrame, MessageEntry, OperatorRef, ServerFrame } from "@diskret/api";
import { Hold } from "../socket/hold";
import { type Item, Outbox, type Refusal } from "../socket/outbox";
import { threads } from "./threads.svelte";

/** What this operator wrote, from Enter until it stands in its thread: the outbox, made visible. */
export class Written {
  #outbox = new Outbox();
  #hold = new Hold((items) => {
    for (const { conversation, text, note } of items) this.#outbox.add(conversation, text, note, Date.now());
    this.flush();
  });
  #version = $state(0); // moves with every change of the outbox, so that the screen follows
  #settled = new Map<string, MessageEntry[]>(); // stored, but not yet in line
  #wake = 0;

  constructor(
    private readonly ready: () => boolean,
    private readonly send: (frame: ClientFrame) => void,
  ) {}

  setLimit(inFlight: number): void {
    this.#outbox.setLimit(inFlight);
  }

  /** `holdMs`: for how long it can be taken back before it goes. */
  say(conversation: string, text: string, note: boolean, holdMs: number): void {
    if (holdMs > 0) {
      this.#hold.add(conversation, text, Date.now(), holdMs);
      this.#version++;
      return;
    }
    // What was written before it goes before it.
    const before = this.#hold.of(conversation).at(-1);
    if (before && !note) this.#hold.letGo(before.key);
    this.#outbox.add(conversation, text, note, Date.now());
    this.flush();
  }

  pending(conversation: string): Item[] {
    if (this.#version < 0) return [];
    return [...this.#outbox.pending(conversation), ...this.#hold.of(conversation)].map((item) => ({ ...item }));
  }

  /** What can still be taken back. */
  held(conversation: string): Item[] {
    return this.#version < 0 ? [] : this.#hold.of(conversation);
  }

  /** Sends what is held, up to this one. */
  sendNow(key: number): void {
    this.#hold.letGo(key);
  }

  /** The page is left: nothing of it waits for a second thought any more. */
  sendAllNow(): void {
    this.#hold.letAllGo();
  }

  settled(conversation: string): MessageEntry[] {
    const held = threads.heldUpTo(conversation);
    const all = this.#version < 0 ? [] : (this.#settled.get(conversation) ?? []);
    return all.filter((entry) => entry.sequence > held);
  }

  retry(conversation: string): void {
    this.#outbox.retry(conversation);
    this.flush();
  }

  takeBack(conversation: string, key: number): string | null {
    const item = this.#hold.take(key) ?? this.#outbox.discard(conversation, key);
    this.flush();
    return item?.text ?? null;
  }

  get unsent(): boolean {
    return this.#outbox.size + this.#hold.size > 0;
  }

  /** Stored, whichever frame said so first. */
  settle(conversation: string, counter: number): Item | null {
    const item = this.#outbox.accept(conversation, counter);
    if (item) this.flush();
    return item;
  }

  /** The entry that an acknowledgement stands for; null when its entry came before. */
  accepted(frame: ServerFrame & { type: "accepted" }, author: OperatorRef): MessageEntry | null {
    const { conversation, sequence, visible, at } = frame;
    const item = this.settle(conversation, frame.counter);
    if (!item) return null;
    const entry: MessageEntry = {
      type: "message",
      conversation,
      sequence,
      visible,
      author: { kind: "operator", ...author },
      note: item.note,
      text: frame.text ?? item.text,
      at,
    };
    this.#settled.set(conversation, [...this.settled(conversation), entry]);
    return entry;
  }

  refuse(refusal: Refusal): boolean {
    const ours = this.#outbox.refuse(refusal, Date.now());
    if (ours) this.flush();
    return ours;
  }

  lost(): void {
    this.#outbox.lost();
    this.#version++;
  }

  flush(): void {
    if (this.ready()) {
      for (const { conversation, counter, text, note } of this.#outbox.due(Date.now()))
        this.send({ type: "message", conversation, counter, text, note });
      const pause = this.#outbox.pause(Date.now());
      clearTimeout(this.#wake);
      if (pause > 0) this.#wake = window.setTimeout(() => this.flush(), pause + 1);
    }
    this.#version++;
  }
}
