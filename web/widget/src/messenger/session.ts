import type { ClientFrame, Language, Limits, ServerFrame } from "@diskret/api";
import { afterServer, backoff } from "@diskret/api/backoff";
import { wellFormed } from "@diskret/api/well-formed";
import type { Memory } from "./memory";
import type { SendQueue } from "./queue";
import { type Placed, Timeline } from "./timeline";

export type Link = "lost" | "ready" | "gone";
export const REFUSED = -1;
/** The connection as the session needs it; tests give a scripted one. */
export interface Wire {
  start(): void;
  stop(): void;
  again(wait?: number): void;
  send(frame: ClientFrame): void;
}

const GAP_GRACE = 1000;
const fromTeam = (entry: Placed["entry"]) => entry.type === "message" && entry.text && entry.author.kind === "operator";
type Problem = Extract<ServerFrame, { type: "problem" }>;

/** The conversation with the server: turns frames into state and says when to draw. No DOM. */
export class Session {
  readonly timeline = new Timeline();
  link: Link = "lost";
  limits: Pick<Limits, "text_characters"> = { text_characters: 10_000 };
  presence?: boolean;
  typing = ""; // name of the operator who types
  teamSeen = 0;
  trouble = 0; // the server takes nothing for so many milliseconds, or REFUSED one text for good
  erased = false; // a conversation that was on screen is no longer on the server
  wire!: Wire;
  #conversation = "";
  #current = false; // the first replay is through: what comes now is new
  #retries = 0;
  #timers: Partial<Record<"hold" | "gap" | "typing", ReturnType<typeof setTimeout>>> = {};

  constructor(
    readonly queue: SendQueue,
    private readonly memory: Memory,
    private readonly hello: { widget: string; language: Language },
    private readonly on: { change(): void; incoming(placed: Placed): void; refused(text: string): void },
  ) {}

  get started(): boolean {
    return this.timeline.last > 0 || this.queue.pending.length > 0;
  }

  /** There is something to lose, and nothing of it outlives the page. */
  get fleeting(): boolean {
    return this.started && this.memory.fleeting;
  }

  opened(): void {
    this.queue.rewind();
    const { token } = this.memory;
    const after = this.timeline.last || undefined;
    this.wire.send({ type: "hello", protocol: 1, sender: this.queue.sender, ...this.hello, token, after });
  }

  down(): void {
    if (this.link === "ready") this.link = "lost";
    this.typing = "";
    this.on.change();
  }

  write(text: string, masked: boolean): void {
    this.queue.push(wellFormed(text), masked, Date.now() * 1000);
    this.erased = false;
    if (this.trouble === REFUSED) this.trouble = 0;
    this.#flush();
    this.on.change();
  }

  /** Messages of the team that the visitor has not had on screen. */
  get unread(): number[] {
    const { seen } = this.memory;
    return this.timeline.entries.flatMap(({ entry }) =>
      fromTeam(entry) && entry.conversation === this.#conversation && entry.sequence > seen ? entry.sequence : [],
    );
  }

  see(sequence: number): void {
    // Not beyond a gap: what is missing has not been seen.
    const upTo = Math.min(sequence, this.timeline.last);
    if (upTo <= this.memory.seen || this.link !== "ready") return;
    this.memory.see(upTo);
    this.wire.send({ type: "seen", sequence: upTo });
  }

  type(on: boolean): void {
    if (this.link === "ready" && this.timeline.last) this.wire.send({ type: "typing", on });
  }

  frame(frame: ServerFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#welcome(frame);
        break;
      case "message":
      case "event":
        this.#entry(frame);
        break;
      case "current":
        this.timeline.complete(frame.last_sequence);
        this.#current = true;
        break;
      case "accepted":
        this.#accepted(frame);
        break;
      case "typing":
        if (frame.who === "operator") this.#operatorTypes(frame.on ? frame.name || "…" : "");
        break;
      case "seen":
        if (frame.who === "team") this.teamSeen = Math.max(this.teamSeen, frame.sequence);
        break;
      case "presence":
        this.presence = frame.online;
        break;
      case "problem":
        this.#problem(frame);
        break;
    }
    this.on.change();
  }

  #welcome(frame: Extract<ServerFrame, { type: "welcome" }>): void {
    const { conversation } = frame;
    this.link = "ready";
    this.presence = frame.presence;
    this.limits = frame.limits;
    this.queue.inFlight = Math.max(1, frame.limits.in_flight);
    if (frame.token) this.memory.token = frame.token;
    if (!conversation && this.timeline.last) this.#lose();
    this.timeline.begin(!!conversation);
    this.teamSeen = conversation?.team_seen ?? 0;
    // What was kept belongs to an earlier conversation.
    if (this.memory.seen > (conversation?.last_sequence ?? 0)) this.memory.see(0);
    if (!conversation) this.#current = true;
    this.#release();
  }

  #entry(entry: Placed["entry"]): void {
    const own = entry.type === "message" && entry.sender === this.queue.sender && entry.counter;
    const item = own ? this.queue.stored(own) : undefined;
    const key = item?.key ?? `${entry.conversation}.${entry.sequence}`;
    const placed = { entry, key, masked: !!item?.masked };
    if (this.#place(placed) && fromTeam(entry)) {
      this.#operatorTypes("");
      if (this.#current) this.on.incoming(placed);
    }
    this.#flush();
  }

  #accepted(frame: Extract<ServerFrame, { type: "accepted" }>): void {
    const item = this.queue.stored(frame.counter);
    if (item) {
      const { conversation, sequence, at, text = item.text } = frame;
      const author = { kind: "visitor" as const };
      const entry = { type: "message" as const, conversation, sequence, author, note: false, text, at };
      this.#place({ entry, key: item.key, masked: item.masked || text !== item.text });
      this.#retries = 0;
    }
    this.#flush();
  }

  /** True: new here. A gap gets a moment to fill, then the server is asked again from the last contiguous entry. */
  #place(placed: Placed): boolean {
    if (placed.entry.conversation !== this.#conversation) {
      if (this.#conversation) {
        this.memory.see(0);
        this.teamSeen = 0;
      }
      this.#conversation = placed.entry.conversation;
    }
    const verdict = this.timeline.place(placed);
    if (this.timeline.gap) this.#timers.gap ??= setTimeout(() => this.#mind(), GAP_GRACE);
    return verdict !== "known";
  }

  #mind(): void {
    this.#timers.gap = undefined;
    if (this.timeline.gap && this.link === "ready") this.wire.again(backoff(0));
  }

  #problem(frame: Problem): void {
    const { code, counter, fatal } = frame;
    const wait = frame.retry_after_ms;
    if (code === "rate_limited" || code === "busy" || code === "unavailable") {
      if (fatal) this.wire.again(afterServer(wait ?? 1000));
      else if (this.queue.pending.length) {
        this.trouble = wait ?? backoff(this.#retries++);
        this.#pause(this.trouble);
      }
    } else if (code === "counter_gap") {
      // While holding back, the ones behind the refused one come back as gaps: they go out again with it.
      if (this.#timers.hold) return;
      this.queue.expect(frame.expected ?? 1);
      this.#pause(this.#retries++ ? backoff(this.#retries) : 0);
    } else if (code === "token_invalid") {
      if (this.timeline.last) this.#lose();
      this.queue.restart();
      this.memory.forget();
      this.wire.again();
    } else if (counter && !fatal) {
      const item = this.queue.reject(counter);
      // It will never be taken as it is: the words go back to where they can be changed.
      if (item) this.on.refused(item.text);
      this.trouble = REFUSED;
      this.#flush();
    } else if (code === "not_found" || code === "forbidden" || code === "unsupported") {
      if (!fatal) return;
      this.link = "gone";
      this.wire.stop();
    } else if (fatal) this.wire.again(wait && afterServer(wait));
  }

  #pause(wait: number): void {
    clearTimeout(this.#timers.hold);
    this.queue.rewind();
    this.#timers.hold = setTimeout(() => {
      this.#release();
      this.on.change();
    }, wait);
  }

  #release(): void {
    clearTimeout(this.#timers.hold);
    this.#timers.hold = undefined;
    // A refusal for good stays readable until the next message.
    if (this.trouble !== REFUSED) this.trouble = 0;
    this.#flush();
  }

  #flush(): void {
    if (this.link !== "ready" || this.#timers.hold) return;
    for (const { counter, text } of this.queue.due()) {
      this.memory.keep();
      this.wire.send({ type: "message", counter, text });
    }
  }

  #lose(): void {
    this.timeline.clear();
    this.queue.restart();
    this.memory.see(0);
    this.erased = true;
  }

  #operatorTypes(name: string): void {
    clearTimeout(this.#timers.typing);
    this.typing = name;
    // "off" may get lost with a connection; nobody types silently for this long.
    if (name) this.#timers.typing = setTimeout(() => this.#operatorTypes(""), 8000);
    else this.on.change();
  }
}
