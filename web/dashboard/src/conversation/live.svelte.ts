import type { ConversationSummary, Limits, ListName, ServerFrame } from "@diskret/api";
import { FramesOverHttp } from "@diskret/api/frames-over-http";
import { signIns } from "../account/sign-ins.svelte";
import { asProblem, call } from "../api";
import { isNews } from "../attention/news";
import { i18n } from "../i18n/index.svelte";
import { stubs } from "../privacy/stubs.svelte";
import { session } from "../session/session.svelte";
import { Connection, type Hooks, type Status } from "../socket/connection";
import { freshSender } from "../socket/sender";
import { rows } from "./rows.svelte";
import { threads } from "./threads.svelte";
import { typing } from "./typing.svelte";
import { Written } from "./written.svelte";

const REFOLLOW_MS = 400;
const RECHECK_MS = 1_000;

/** What flows between this page and the server while somebody is signed in. */
class Live {
  status = $state<Status>("stopped");
  detour = $state(false); // the network lets no WebSocket through
  welcomed = $state(false);
  limits = $state.raw<Limits>({ text_characters: 10_000, frame_bytes: 65_536, in_flight: 1 });
  current = $state<string | null>(null);
  readonly written = new Written(
    () => this.status === "ready",
    (frame) => this.#send(frame),
  );
  list: ListName = "mine";
  ended = false;

  #sender = freshSender();
  #connection: Connection | null = null;
  #followed: string | null = null;
  #closing = false; // a gap is being closed
  #away = false;
  #unsaid = false; // between hello and welcome nothing can be said
  #seenSent = new Map<string, number>();

  start(): void {
    if (this.#connection) return;
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`;
    const hooks: Hooks = {
      hello: () => ({
        type: "hello",
        protocol: 1,
        sender: this.#sender,
        language: i18n.language,
        position: rows.position || undefined,
        away: this.#away || undefined,
      }),
      welcome: (frame) => this.#welcome(frame),
      frame: (frame) => this.#receive(frame),
      gone: () => this.#gone(),
      status: (status, detour) => {
        this.status = status;
        this.detour = detour;
      },
      signedOut: () => void this.#recheck(),
    };
    this.#connection = new Connection(address, hooks, async () => ({ FramesOverHttp }));
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
    void rows.loadMentioned();
    stubs.load();
    rows.reload(this.list, this.ended, this.current);
  }

  // ---- what is told ----

  type(conversation: string, on: boolean): void {
    this.#send({ type: "typing", conversation, on });
  }

  /** Whoever is away from an open window does not make the team look present. */
  setAway(on: boolean): void {
    if (on === this.#away) return;
    this.#away = on;
    this.#sayAway();
  }

  /** Operators count in `sequence`, notes included; what visitors saw comes in `visible`. */
  seen(conversation: string, sequence: number): void {
    const known = sequence <= (this.#seenSent.get(conversation) ?? 0) && !rows.all.get(conversation)?.mentioned;
    if (!session.canWrite || known) return;
    if (!this.#send({ type: "seen", conversation, sequence })) return;
    this.#seenSent.set(conversation, sequence);
    rows.change(conversation, { unread: 0, mentioned: false });
  }

  /** The server parted with us: because the session ended, or because the role changed and is to be read anew. */
  async #recheck(): Promise<void> {
    this.#connection = null;
    const stands = await session.recheck();
    if (!stands) return;
    // What was within reach may be so no more: nothing of it stays, and what is there now is asked for.
    rows.clear();
    threads.clear();
    if (!session.canRead) return;
    this.reload();
    void this.show(this.current);
    setTimeout(() => session.canRead && !this.#connection && this.start(), RECHECK_MS);
  }

  // ---- what arrives ----

  #welcome(frame: ServerFrame & { type: "welcome" }): void {
    this.limits = frame.limits;
    if (this.#unsaid) this.#sayAway();
    this.written.setLimit(frame.limits.in_flight);
    this.#send({ type: "watch", list: this.list });
    const id = this.current;
    if (id && threads.get(id).timeline) this.#follow(id);
    if (this.welcomed) this.#catchUp(id);
    else void rows.loadMentioned();
    this.welcomed = true;
    this.written.flush();
  }

  /** Nobody tells what went while we were away: it is asked for anew, and nothing is shown of what is there no more. */
  #catchUp(id: string | null): void {
    threads.clear(id);
    this.reload();
    if (!id) return;
    if (threads.get(id).state === "failed") void this.show(id);
    call<ConversationSummary>("GET", `/api/conversations/${encodeURIComponent(id)}`).then(
      (row) => rows.put(row),
      (error) => asProblem(error).status === 404 && this.#lost(id),
    );
  }

  #lost(id: string): void {
    rows.remove(id);
    threads.gone(id);
  }

  #gone(): void {
    this.written.lost();
    this.#followed = null;
    this.#closing = false;
    this.#seenSent.clear();
    typing.clear();
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        if (frame.sender === this.#sender && frame.counter !== undefined)
          this.written.settle(frame.conversation, frame.counter);
        typing.set(frame.conversation, frame.author.kind, false);
        this.#enter(frame);
        break;
      case "event":
        this.#enter(frame);
        break;
      case "accepted":
        this.#accepted(frame);
        break;
      case "current":
        this.#current(frame.conversation, frame.last_sequence);
        break;
      case "conversation": {
        const { type: _, ...row } = frame;
        this.#row(row);
        break;
      }
      case "removed":
        this.#lost(frame.conversation);
        if (frame.why) stubs.load();
        break;
      case "called":
        this.#called(frame);
        break;
      case "counts": {
        const { type: _, ...counts } = frame;
        rows.counts = counts;
        break;
      }
      case "signed_in":
        void signIns.load();
        break;
      case "typing":
        typing.set(frame.conversation, frame.who, frame.on, frame.name);
        break;
      case "presence":
        if (frame.conversation) rows.change(frame.conversation, { visitor_online: frame.online });
        break;
      case "seen":
        if (frame.who === "visitor") this.#visitorSaw(frame.conversation, frame.sequence);
        break;
      case "problem":
        this.#problem(frame);
        break;
    }
  }

  #row(row: ConversationSummary): void {
    // One that comes back is opened anew.
    if (stubs.drop(row.id) && row.id === this.current) void this.show(row.id);
    const before = rows.all.get(row.id);
    const looksAt = document.hasFocus() ? this.current : null;
    if (!rows.put(row) || !isNews(before, row, { me: session.me, looksAt, away: this.#away })) return;
    void import("../attention/tell").then(({ tellOf }) => tellOf(row));
  }

  #called(frame: ServerFrame & { type: "called" }): void {
    const row = rows.all.get(frame.conversation);
    const looksAt = document.hasFocus() ? this.current : null;
    if (!row) return;
    // Whom a note names, the server remembers.
    if (frame.why !== "mentioned") rows.called.add(row.id);
    void import("../attention/tell").then(({ tellCall }) => tellCall(row, frame, row.id === looksAt || this.#away));
  }

  #enter(entry: ServerFrame & { type: "message" | "event" }): void {
    const outcome = threads.receive(entry);
    if (outcome === "gap" && entry.conversation === this.#followed && !this.#closing) this.#follow(entry.conversation);
    if (outcome === "appended" && entry.type === "message" && entry.author.kind === "visitor" && !document.hasFocus())
      threads.markNew(entry.conversation, entry.sequence);
  }

  #accepted(frame: ServerFrame & { type: "accepted" }): void {
    const entry = session.info && this.written.accepted(frame, session.info.operator);
    if (entry) this.#enter(entry);
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
    if (this.written.refuse(frame)) return;
    // Following could not be done just now: without another try nothing new would come.
    if (frame.retry_after_ms && frame.counter === undefined && frame.conversation === this.#followed && this.#closing) {
      const again = this.#followed;
      setTimeout(() => again && again === this.#followed && this.#follow(again), frame.retry_after_ms);
      return;
    }
    if (
      frame.conversation &&
      frame.conversation === this.current &&
      frame.counter === undefined &&
      isClosed(frame.code)
    )
      threads.gone(frame.conversation);
  }

  // ---- sending ----

  #follow(id: string): void {
    const after = threads.heldUpTo(id);
    if (!this.#send({ type: "follow", conversation: id, after })) return;
    this.#followed = id;
    this.#closing = true;
  }

  #sayAway(): void {
    this.#unsaid = !this.#send({ type: "away", on: this.#away });
  }

  #send(frame: Parameters<Connection["send"]>[0]): boolean {
    return this.#connection?.send(frame) ?? false;
  }
}

function isClosed(code: string): boolean {
  return code === "not_found" || code === "forbidden";
}

export const live = new Live();
