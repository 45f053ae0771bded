import type { ClientFrame, ServerFrame } from "@diskret/api";
import { afterServer, backoff } from "@diskret/api/backoff";
import { type Load, type SocketLike, Way } from "@diskret/api/way";

export type Status = "stopped" | "connecting" | "ready" | "waiting" | "refused";

export interface Hooks {
  hello: () => ClientFrame;
  welcome: (frame: ServerFrame & { type: "welcome" }) => void;
  frame: (frame: ServerFrame) => void;
  gone: () => void;
  /** `detour`: it is not a WebSocket that leads to the server. */
  status: (status: Status, detour: boolean) => void;
  signedOut: () => void;
}

const OPEN_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
const NUDGE_WITHIN_MS = 4_000;
const STEADY_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 5_000;
const SLEPT_MS = 15_000; // a look that comes so much too late: the computer slept
const TOGETHER_MS = 1_000;

/** One connection that comes back by itself. Knows frames only as far as being connected needs it. */
export class Connection {
  readonly #way: Way;
  #socket: SocketLike | null = null;
  #status: Status = "stopped";
  #attempt = 0;
  #notBefore = 0; // the server asked to stay away until then
  #heard = false;
  #busyAt = 0; // when something last came or went
  #lookedAt = 0;
  #timers: { retry?: number; ping?: number; answer?: number; steady?: number; look?: number; online?: number } = {};

  constructor(
    private readonly address: string,
    private readonly hooks: Hooks,
    load: Load,
  ) {
    this.#way = new Way(load);
  }

  start(): void {
    if (this.#status !== "stopped") return;
    addEventListener("online", this.#backOnline);
    document.addEventListener("visibilitychange", this.#nudge);
    this.#lookedAt = Date.now();
    this.#timers.look = window.setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#open();
  }

  stop(): void {
    removeEventListener("online", this.#backOnline);
    document.removeEventListener("visibilitychange", this.#nudge);
    clearInterval(this.#timers.look);
    clearTimeout(this.#timers.online);
    this.#drop();
    this.#set("stopped");
  }

  send(frame: ClientFrame): boolean {
    if (this.#status !== "ready" || this.#socket?.readyState !== 1) return false;
    this.#busyAt = Date.now();
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #open(): void {
    clearTimeout(this.#timers.retry);
    this.#set("connecting");
    const socket: SocketLike = new this.#way.vehicle(this.address);
    this.#socket = socket;
    this.#heard = false;
    this.#expectAnswer(OPEN_WITHIN_MS);
    socket.onopen = () => {
      this.#expectAnswer(ANSWER_WITHIN_MS);
      socket.send(JSON.stringify(this.hooks.hello()));
    };
    socket.onmessage = (event: { data: unknown }) => this.#receive(String(event.data));
    socket.onclose = (event: { wasClean: boolean }) => this.#lost(event.wasClean);
  }

  #receive(data: string): void {
    clearTimeout(this.#timers.answer);
    this.#heard = true;
    this.#busyAt = Date.now();
    const frame = JSON.parse(data) as ServerFrame;
    if (frame.type === "pong") {
      this.#way.proven();
      return;
    }
    if (frame.type === "welcome") {
      this.#timers.ping = window.setInterval(() => this.#ping(ANSWER_WITHIN_MS), this.#way.rhythm);
      this.#timers.steady = window.setTimeout(() => {
        this.#attempt = 0;
      }, STEADY_AFTER_MS);
      this.#set("ready");
      this.hooks.welcome(frame);
      return;
    }
    if (frame.type === "problem" && frame.fatal) this.#fatal(frame);
    else this.hooks.frame(frame);
  }

  #fatal(frame: ServerFrame & { type: "problem" }): void {
    // Forbidden: the role changed while no socket stood that could have been told so.
    if (frame.code === "unauthorised" || frame.code === "forbidden") {
      this.stop();
      this.hooks.signedOut();
    } else if (frame.code === "unsupported") {
      this.#drop();
      this.#set("refused");
    } else {
      this.#again(frame.retry_after_ms && afterServer(frame.retry_after_ms));
    }
  }

  /** Ended by itself, or silent when it had to answer. `meant`: the other side closed in order. */
  #lost(meant = false): void {
    this.#way.judge(meant, this.#heard ? Date.now() - this.#busyAt : 0);
    this.#again();
  }

  #again(wait?: number): void {
    this.#drop();
    this.#notBefore = wait ? Date.now() + wait : 0;
    this.#set("waiting");
    this.#timers.retry = window.setTimeout(() => this.#open(), wait ?? backoff(this.#attempt++));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.answer);
    clearTimeout(this.#timers.steady);
    clearInterval(this.#timers.ping);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.hooks.gone();
  }

  #ping(within: number): void {
    if (this.send({ type: "ping" })) this.#expectAnswer(within);
  }

  #expectAnswer(within: number): void {
    clearTimeout(this.#timers.answer);
    this.#timers.answer = window.setTimeout(() => this.#lost(), within);
  }

  /** Not all at the same moment: a whole office may be back with its router. */
  #backOnline = (): void => {
    clearTimeout(this.#timers.online);
    this.#timers.online = window.setTimeout(this.#nudge, Math.random() * TOGETHER_MS);
  };

  /** A computer that slept is told by no event; its clock tells. */
  #look(): void {
    const late = Date.now() - this.#lookedAt - LOOK_EVERY_MS;
    this.#lookedAt = Date.now();
    if (late > SLEPT_MS) this.#nudge();
  }

  /** Back in sight, online or awake: a waiting connection tries at once, a silent one must prove that it lives. */
  #nudge = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.#status === "waiting") {
      if (Date.now() >= this.#notBefore) this.#open();
    } else if (this.#status === "ready") {
      this.#ping(NUDGE_WITHIN_MS);
    }
  };

  #set(status: Status): void {
    if (status === this.#status) return;
    this.#status = status;
    this.hooks.status(status, this.#way.vehicle !== WebSocket);
  }
}
