import { backoff } from "./backoff";
import { exchange, Refused } from "./exchange";
import { readFrame } from "./frame";
import { Held, Source } from "./held";
import type { ClientFrame, ServerFrame } from "./index";
import { named, Outgoing } from "./outgoing";
import { Probe } from "./probe";
import type { SocketLike } from "./way";

type Timer = ReturnType<typeof setTimeout>;
type Welcome = Extract<ServerFrame, { type: "welcome" }>;

const FIRST_WITHIN_MS = 4_000; // a stream that says nothing for so long is held back on its way
const SILENT_FOR_MS = 40_000; // an open stream says something every 15 s
const SLEPT_MS = 60_000; // silence that nobody could have measured awake
const SEND_WITHIN_MS = 15_000;
const FRESH_MS = 20_000; // heard so lately, the connection needs no proof
const ECHO_WITHIN_MS = 3_000; // what was accepted comes through the open request too
const FIRST_ECHO_WITHIN_MS = 1_000;
const FULL_STREAM_MS = 240_000; // a stream that ends earlier was ended by something on its way
const STEADY_MS = 5_000;
const BRIEF_MS = 1_000;
const CUTS = 3;
const REOPEN_TOGETHER_MS = 20;
const REST_AFTER_MS = 15_000; // a glance elsewhere
const POLL_FOR_MS = 600_000; // then a stream is tried again

const NO_NEWS = ["welcome", "current", "counts", "pong"];

let heldBackUntil = 0; // of this page load: something on the way passes on no answer before its end

/**
 * The frames of a WebSocket over plain HTTP, for networks that let none through (A12): requests that stay open bring what
 * comes, short ones take what goes. Has the shape of a WebSocket, so that the owner notices no difference; closes cleanly
 * when a WebSocket has been seen to get through again. Loses nothing: whatever was not confirmed when a request broke, its
 * owner sends again after `onclose`, and every request asks from the last sequence that came without a gap.
 */
export class FramesOverHttp implements SocketLike {
  readyState = 0;
  onopen: (() => unknown) | null = null;
  onmessage: ((event: { data: string }) => unknown) | null = null;
  onclose: ((event: { wasClean: boolean }) => unknown) | null = null;

  readonly #address: string;
  readonly #held = new Held();
  readonly #outgoing = new Outgoing();
  readonly #probe: Probe;
  #welcomed = false;
  #polls = false;
  #receiving: AbortController | undefined;
  #source: Source | undefined; // of the request that stays open
  #sending: AbortController | undefined;
  #timers: { silence?: Timer; reopen?: Timer; rest?: Timer; echo?: Timer } = {};
  #heardAt = 0;
  #cuts = 0;
  #better = false; // a WebSocket gets through

  /** `socket`: the address of the WebSocket that this stands in for. */
  constructor(socket: string) {
    this.#address = socket.replace(/^ws/, "http").replace(/socket$/, "frames");
    this.#probe = new Probe(
      socket,
      () => (this.#welcomed ? this.#held.hello() : undefined),
      () => {
        this.#better = true;
        this.#leave();
      },
    );
    document.addEventListener("visibilitychange", this.#look);
    setTimeout(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(text: string): void {
    if (this.readyState !== 1) return;
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.type === "hello") {
      this.#held.greet(frame);
      this.#receive();
    } else if (frame.type === "follow") {
      this.#held.follow(frame.conversation, frame.after);
      this.#reopen(REOPEN_TOGETHER_MS);
    } else if (frame.type === "unfollow") {
      this.#held.unfollow(frame.conversation);
      this.#reopen(REOPEN_TOGETHER_MS);
    } else if (frame.type === "watch") {
      if (this.#held.watch(frame.list)) this.#reopen(REOPEN_TOGETHER_MS);
    } else if (frame.type === "away") {
      this.#held.away(frame.on);
      this.#reopen(REOPEN_TOGETHER_MS);
    } else if (frame.type === "ping") {
      this.#prove();
    } else {
      this.#push(frame);
    }
  }

  /** Ends every request at once. As nobody listens any more, `onclose` is not called. */
  close(): void {
    this.readyState = 3;
    document.removeEventListener("visibilitychange", this.#look);
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#probe.stop();
    this.#receiving?.abort();
    this.#sending?.abort();
  }

  /** What was heard a moment ago is proof enough; otherwise the server is asked, and what should have been heard by now. */
  #prove(): void {
    const silence = Date.now() - this.#heardAt;
    if (navigator.onLine && silence < FRESH_MS) {
      setTimeout(() => this.#tell({ type: "pong" }));
      return;
    }
    this.#push({ type: "ping" });
    if (this.#welcomed && silence > (this.#polls ? SILENT_FOR_MS : FRESH_MS)) this.#receive();
  }

  // ---- what comes ----

  /**
   * Browsers open six connections to one place, for all tabs together. A visitor's tab that is not looked at leaves them to
   * others; what came meanwhile comes with the answers to its owner's pings.
   */
  get #rests(): boolean {
    return document.hidden && this.#held.isVisitor;
  }

  #look = (): void => {
    clearTimeout(this.#timers.rest);
    if (this.#rests) this.#timers.rest = setTimeout(() => this.#receive(), REST_AFTER_MS);
    else if (!this.#receiving) this.#reopen(REOPEN_TOGETHER_MS);
  };

  #reopen(wait: number): void {
    clearTimeout(this.#timers.reopen);
    this.#timers.reopen = setTimeout(() => this.#receive(), wait);
  }

  async #receive(): Promise<void> {
    this.#receiving?.abort();
    this.#receiving = undefined;
    clearTimeout(this.#timers.reopen);
    clearTimeout(this.#timers.silence);
    if (this.#rests && this.#welcomed) return;
    const polls = Date.now() < heldBackUntil;
    this.#polls = polls;
    // A poll may last 25 s before its welcome comes through: a short request brings it at once.
    if (polls && !this.#welcomed) return this.#push({ type: "ping" });
    const request = new AbortController();
    const source = new Source(this.#held);
    const openedAt = Date.now();
    let [lines, hasNews, hasProblem] = [0, false, false];
    this.#receiving = request;
    this.#source = source;
    this.#watch(polls ? SILENT_FOR_MS : FIRST_WITHIN_MS, () => this.#late(lines));
    const address = `${this.#address}?mode=${polls ? "poll" : "stream"}`;
    try {
      await exchange(address, this.#held.asking(), request.signal, (line) => {
        lines++;
        this.#watch(SILENT_FOR_MS, () => this.#late(lines));
        const frame = this.#hear(line, source);
        if (frame?.type === "problem") hasProblem = true;
        else if (frame && !NO_NEWS.includes(frame.type)) hasNews = true;
      });
    } catch (error) {
      if (!request.signal.aborted) this.#broken(error, openedAt);
      return;
    }
    if (request.signal.aborted) return;
    const lived = Date.now() - openedAt;
    // Only what ends in its time goes on at once; what is ended by others may be ended for many at the same moment, and
    // what was refused, or did not all come, would be the same again.
    const isDone = hasNews || (lived >= BRIEF_MS && !hasProblem);
    const inTime = polls ? isDone && source.isWhole : lived >= FULL_STREAM_MS;
    if (!lines) this.#fail();
    else if (inTime) this.#reopen(0);
    else this.#goOn(lived);
  }

  /** Takes a line; gives what it said. */
  #hear(line: string, source: Source): ServerFrame | undefined {
    this.#heardAt = Date.now();
    const frame = readFrame(line);
    if (frame?.type === "welcome") this.#welcome(frame, source, line);
    else if (frame) {
      source.note(frame);
      this.onmessage?.({ data: line });
    }
    return frame;
  }

  /** The owner is welcomed once; what later welcomes say anew is told as the news that it is. */
  #welcome(frame: Welcome, source: Source, line: string): void {
    if (!this.#held.welcomed(frame)) {
      // Nothing of it is ours. What was said there, the owner says again.
      if (source === this.#source) this.#receive();
      else this.#fail();
      return;
    }
    if (!this.#welcomed) {
      this.#welcomed = true;
      if (!frame.conversation) this.#held.forget();
      this.onmessage?.({ data: line });
      if (!this.#receiving || this.#rests) this.#reopen(REOPEN_TOGETHER_MS);
      this.#pump();
      return;
    }
    if (!this.#held.isVisitor) return;
    // Deleted meanwhile: the owner learns it from a welcome of its own.
    if (source.hadConversation && !frame.conversation) this.#fail();
    this.#tell({ type: "presence", online: frame.presence });
    const { conversation } = this.#held;
    if (frame.conversation?.team_seen && conversation)
      this.#tell({ type: "seen", conversation, who: "team", sequence: frame.conversation.team_seen });
  }

  #tell(frame: ServerFrame): void {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  #watch(within: number, late: () => void): void {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(late, within);
  }

  #late(lines: number): void {
    // Perhaps only small pieces are held back, as the keep-alives are. A laptop that slept measures nothing.
    const isHeldBack = !this.#polls && (!lines || Date.now() - this.#heardAt < SLEPT_MS);
    if (isHeldBack) heldBackUntil = Date.now() + POLL_FOR_MS;
    // Nothing at all came of the stream: ask what there is, and wait by polls from now on.
    if (isHeldBack && !lines) this.#receive();
    else this.#fail();
  }

  #broken(error: unknown, openedAt: number): void {
    const now = Date.now();
    const works = now - openedAt >= BRIEF_MS && now - this.#heardAt < SLEPT_MS;
    if (error instanceof Refused || !works) this.#fail(error);
    else this.#goOn(now - openedAt);
  }

  /** A request that waited was cut for its silence or its age: it is begun anew, and the owner need not know. */
  #goOn(lived: number): void {
    clearTimeout(this.#timers.silence);
    if (lived >= STEADY_MS) this.#cuts = 0;
    if (this.#cuts >= CUTS) this.#fail();
    else this.#reopen(backoff(this.#cuts++));
  }

  // ---- what goes ----

  #push(frame: ClientFrame): void {
    this.#outgoing.push(frame);
    queueMicrotask(() => this.#pump()); // so that what is said in one breath goes together
  }

  /** One request at a time, so that messages arrive in their order. */
  async #pump(): Promise<void> {
    if (this.#sending || this.#outgoing.isEmpty || this.readyState !== 1) return;
    // A second hello without a token would make a second visitor.
    if (this.#receiving && !this.#welcomed) return;
    const { isVisitor } = this.#held;
    const batch = this.#outgoing.take();
    const open = new Set(batch.map((frame) => named(frame, isVisitor)));
    open.delete(undefined); // needs no answer
    const request = new AbortController();
    const source = new Source(this.#held);
    this.#sending = request;
    const late = setTimeout(() => this.#fail(), SEND_WITHIN_MS);
    try {
      await exchange(`${this.#address}?mode=send`, [...this.#held.telling(), ...batch], request.signal, (line) => {
        const frame = this.#hear(line, source);
        if (frame) open.delete(named(frame, isVisitor));
        if (frame?.type === "accepted") this.#expectEcho(frame.conversation, frame.sequence);
      });
      if (open.size) throw new Refused();
    } catch (error) {
      if (!request.signal.aborted) this.#fail(error);
      return;
    } finally {
      clearTimeout(late);
    }
    this.#sending = undefined;
    if (this.#better) this.#leave();
    this.#pump();
  }

  /** What was stored comes to the open request too. Where it does not, that request hears nothing: open it anew. */
  #expectEcho(conversation: string, sequence: number): void {
    if (this.#held.reached()(conversation) === undefined) return;
    const within = this.#source?.hadConversation || !this.#held.isVisitor ? ECHO_WITHIN_MS : FIRST_ECHO_WITHIN_MS;
    this.#timers.echo ??= setTimeout(() => {
      this.#timers.echo = undefined;
      if ((this.#source?.reached(conversation) ?? 0) < sequence) this.#receive();
    }, within);
  }

  // ---- the end ----

  /** A WebSocket gets through: make way for it as soon as nothing is on its way. */
  #leave(): void {
    if (!this.#sending && this.#outgoing.isEmpty) this.#end(true);
  }

  #fail(error?: unknown): void {
    if (error instanceof Refused && error.problem) this.#tell(error.problem);
    this.#end(false);
  }

  #end(wasClean: boolean): void {
    if (this.readyState !== 1) return;
    this.close();
    this.onclose?.({ wasClean });
  }
}
