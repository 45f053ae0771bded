import type { ClientFrame, ServerFrame } from "@diskret/api";
import { backoff } from "./backoff";

export type Status = "stopped" | "connecting" | "ready" | "waiting" | "refused";

export interface Hooks {
  hello: () => ClientFrame;
  welcome: (frame: ServerFrame & { type: "welcome" }) => void;
  frame: (frame: ServerFrame) => void;
  gone: () => void;
  status: (status: Status) => void;
  signedOut: () => void;
}

const PING_EVERY_MS = 25_000;
const ANSWER_WITHIN_MS = 10_000;
const NUDGE_WITHIN_MS = 4_000;
const STEADY_AFTER_MS = 5_000;

/** One socket that comes back by itself. Knows frames only as far as being connected needs it. */
export class Connection {
  #socket: WebSocket | null = null;
  #status: Status = "stopped";
  #attempt = 0;
  #retryAfter = 0;
  #timers: { retry?: number; ping?: number; answer?: number; steady?: number } = {};

  constructor(
    private readonly address: string,
    private readonly hooks: Hooks,
  ) {}

  start(): void {
    if (this.#status !== "stopped") return;
    addEventListener("online", this.#nudge);
    document.addEventListener("visibilitychange", this.#nudge);
    this.#open();
  }

  stop(): void {
    removeEventListener("online", this.#nudge);
    document.removeEventListener("visibilitychange", this.#nudge);
    this.#drop();
    this.#set("stopped");
  }

  send(frame: ClientFrame): boolean {
    if (this.#status !== "ready" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #open(): void {
    this.#set("connecting");
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    this.#expectAnswer(ANSWER_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.hooks.hello()));
    socket.onmessage = (event) => this.#receive(String(event.data));
    socket.onclose = () => this.#closed(socket);
  }

  #receive(data: string): void {
    clearTimeout(this.#timers.answer);
    const frame = JSON.parse(data) as ServerFrame;
    if (frame.type === "pong") return;
    if (frame.type === "welcome") {
      this.#timers.ping = window.setInterval(() => this.#ping(ANSWER_WITHIN_MS), PING_EVERY_MS);
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
    this.#retryAfter = frame.retry_after_ms ?? 0;
    if (frame.code === "unauthorised") {
      this.stop();
      this.hooks.signedOut();
    } else if (frame.code === "unsupported" || frame.code === "forbidden") {
      this.#drop();
      this.#set("refused");
    } else {
      this.#again();
    }
  }

  #closed(socket: WebSocket): void {
    if (socket === this.#socket) this.#again();
  }

  #again(): void {
    this.#drop();
    const delay = Math.max(this.#retryAfter, backoff(this.#attempt++));
    this.#retryAfter = 0;
    this.#set("waiting");
    this.#timers.retry = window.setTimeout(() => this.#open(), delay);
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
    this.#timers.answer = window.setTimeout(() => this.#again(), within);
  }

  /** Back in sight or back online: a waiting socket tries at once, a silent one must prove that it lives. */
  #nudge = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.#status === "waiting") {
      clearTimeout(this.#timers.retry);
      this.#open();
    } else if (this.#status === "ready") {
      this.#ping(NUDGE_WITHIN_MS);
    }
  };

  #set(status: Status): void {
    if (status === this.#status) return;
    this.#status = status;
    this.hooks.status(status);
  }
}
