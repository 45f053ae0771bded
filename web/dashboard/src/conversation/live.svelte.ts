import type { Limits, ListName, MessageEntry, ServerFrame } from "@diskret/api";
import { call } from "../api";
import { i18n } from "../i18n/index.svelte";
import { session } from "../session/session.svelte";
import { Connection, type Status } from "../socket/connection";
import { type Item, Outbox } from "../socket/outbox";
import { rows } from "./rows.svelte";
import { threads } from "./threads.svelte";
import { typing } from "./typing.svelte";

const REFOLLOW_MS = 400;

/** What flows between this page and the server while somebody is signed in. */
class Live {
  status = $state<Status>("stopped");
  limits = $state.raw<Limits>({ text_characters: 10_000, frame_bytes: 65_536, in_flight: 1 });
  current = $state<string | null>(null);
  list: ListName = "mine";
  ended = false;

  #outbox = new Outbox();
  #written = $state(0); // moves with every change of the outbox, so that the screen follows
  #settled = new Map<string, MessageEntry[]>(); // stored, but not yet in line
  #sender = freshSender();
  #connection: Connection | null = null;
  #followed: string | null = null;
  #closing = false; // a gap is being closed
  #seenSent = new Map<string, number>();
  #wake = 0;
  #welcomed = false;

  start(): void {
    if (this.#connection) return;
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`;
    this.#connection = new Connection(address, {
      hello: () => ({ type: "hello", protocol: 1, sender: this.#sender, language: i18n.language, position: rows.position || undefined }),
      welcome: (frame) => this.#welcome(frame),
      frame: (frame) => this.#receive(frame),
      gone: () => this.#gone(),
      status: (status) => {
        this.status = status;
      },
      signedOut: () => session.expire(),
    });
    this.#connection.start();
  }

  stop(): void {
    this.#connection?.stop();
    this.#connection = null;
  }

  // ---- what is on screen ----

  async show(id: string | null): Promise<void> {
    if (this.#followed && this.#followed !== id) {
      this.#send({ type: "unfollow", conversation: this.#followed });
      this.#followed = null;
    }
    this.current = id;
    if (id && (await threads.open(id)) && this.current === id) this.#follow(id);
  }

  watch(list: ListName, ended: boolean): void {
    this.list = list;
    this.ended = ended;
    this.#send({ type: "watch", list });
    if (rows.loading(list, ended).state !== "ready") void rows.load(list, ended, this.current);
  }

  reload(): void {
    for (const list of ["mine", "unassigned"] as const) void rows.load(list, false, this.current);
    if (this.list === "all" || this.ended) void rows.load(this.list, this.ended, this.current);
  }

  // ---- what is written ----

  say(conversation: string, text: string, note: boolean): void {
    this.#outbox.add(conversation, text, note, Date.now());
    this.#flush();
  }

  pending(conversation: string): Item[] {
    void this.#written;
    return this.#outbox.pending(conversation).map((item) => ({ ...item }));
  }

  settled(conversation: string): MessageEntry[] {
    void this.#written;
    const held = threads.heldUpTo(conversation);
    return (this.#settled.get(conversation) ?? []).filter((entry) => entry.sequence > held);
  }

  retry(conversation: string): void {
    this.#outbox.retry(conversation);
    this.#flush();
  }

  takeBack(conversation: string, key: number): string | null {
    const item = this.#outbox.discard(conversation, key);
    this.#written++;
    return item?.text ?? null;
  }

  get unsent(): boolean {
    return this.#outbox.size > 0;
  }

  type(conversation: string, on: boolean): void {
    this.#send({ type: "typing", conversation, on });
  }

  /** `visible` numbers on both sides of the wire. */
  seen(conversation: string, visible: number): void {
    if (!session.canWrite || visible <= (this.#seenSent.get(conversation) ?? 0)) return;
    if (!this.#send({ type: "seen", conversation, sequence: visible })) return;
    this.#seenSent.set(conversation, visible);
    rows.change(conversation, { unread: 0 });
  }

  // ---- what arrives ----

  #welcome(frame: ServerFrame & { type: "welcome" }): void {
    this.limits = frame.limits;
    this.#outbox.setLimit(frame.limits.in_flight);
    this.#send({ type: "watch", list: this.list });
    const id = this.current;
    if (id && threads.get(id).timeline) this.#follow(id);
    if (this.#welcomed) this.#catchUp(id);
    this.#welcomed = true;
    this.#flush();
  }

  #catchUp(id: string | null): void {
    this.reload();
    if (id && threads.get(id).state === "failed") void this.show(id);
    if (id) call<Parameters<typeof rows.put>[0]>("GET", `/api/conversations/${encodeURIComponent(id)}`).then((row) => rows.put(row), () => {});
  }

  #gone(): void {
    this.#outbox.lost();
    this.#followed = null;
    this.#closing = false;
    this.#seenSent.clear();
    typing.clear();
    this.#written++;
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        if (frame.sender === this.#sender && frame.counter !== undefined) this.#settle(frame.conversation, frame.counter);
        typing.set(frame.conversation, frame.author.kind, false);
        return this.#enter(frame);
      case "event":
        return this.#enter(frame);
      case "accepted":
        return this.#accepted(frame);
      case "current":
        return this.#current(frame.conversation, frame.last_sequence);
      case "conversation": {
        const { type: _, ...row } = frame;
        return rows.put(row);
      }
      case "removed":
        rows.remove(frame.conversation);
        if (frame.conversation === this.current) threads.gone(frame.conversation);
        return;
      case "counts": {
        const { type: _, ...counts } = frame;
        rows.counts = counts;
        return;
      }
      case "typing":
        return typing.set(frame.conversation, frame.who, frame.on, frame.name);
      case "presence":
        if (frame.conversation) rows.change(frame.conversation, { visitor_online: frame.online });
        return;
      case "seen":
        if (frame.who === "visitor") this.#visitorSaw(frame.conversation, frame.sequence);
        return;
      case "problem":
        return this.#problem(frame);
    }
  }

  #enter(entry: ServerFrame & { type: "message" | "event" }): void {
    const outcome = threads.receive(entry);
    if (outcome === "gap" && entry.conversation === this.#followed && !this.#closing) this.#follow(entry.conversation);
    if (outcome === "appended" && entry.type === "message" && entry.author.kind === "visitor" && !document.hasFocus())
      threads.markNew(entry.conversation, entry.sequence);
  }

  #accepted(frame: ServerFrame & { type: "accepted" }): void {
    const item = this.#settle(frame.conversation, frame.counter);
    if (!item || !session.info) return;
    const { id, name } = session.info.operator;
    const entry: MessageEntry = {
      type: "message",
      conversation: frame.conversation,
      sequence: frame.sequence,
      visible: frame.visible,
      author: { kind: "operator", id, name },
      note: item.note,
      text: frame.text ?? item.text,
      at: frame.at,
    };
    this.#settled.set(frame.conversation, [...this.settled(frame.conversation), entry]);
    this.#enter(entry);
  }

  #settle(conversation: string, counter: number): Item | null {
    const item = this.#outbox.accept(conversation, counter);
    if (item) this.#flush();
    return item;
  }

  #current(conversation: string, last: number): void {
    if (conversation !== this.#followed) return;
    this.#closing = false;
    if (last > threads.heldUpTo(conversation))
      setTimeout(() => conversation === this.#followed && !this.#closing && this.#follow(conversation), REFOLLOW_MS);
  }

  #visitorSaw(conversation: string, visible: number): void {
    const row = rows.all.get(conversation);
    if (row && visible > row.visitor_seen) rows.change(conversation, { visitor_seen: visible });
  }

  #problem(frame: ServerFrame & { type: "problem" }): void {
    if (this.#outbox.refuse(frame, Date.now())) this.#flush();
    else if (frame.conversation && frame.conversation === this.current && frame.counter === undefined && isClosed(frame.code))
      threads.gone(frame.conversation);
  }

  // ---- sending ----

  #follow(id: string): void {
    const after = threads.heldUpTo(id);
    if (!this.#send({ type: "follow", conversation: id, after })) return;
    this.#followed = id;
    this.#closing = true;
  }

  #flush(): void {
    if (this.status === "ready") {
      for (const { conversation, counter, text, note } of this.#outbox.due(Date.now()))
        this.#send({ type: "message", conversation, counter, text, note });
      const pause = this.#outbox.pause(Date.now());
      clearTimeout(this.#wake);
      if (pause > 0) this.#wake = window.setTimeout(() => this.#flush(), pause + 1);
    }
    this.#written++;
  }

  #send(frame: Parameters<Connection["send"]>[0]): boolean {
    return this.#connection?.send(frame) ?? false;
  }
}

function isClosed(code: string): boolean {
  return code === "not_found" || code === "forbidden";
}

function freshSender(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const live = new Live();
