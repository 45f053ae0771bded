import type { ClientFrame, ServerFrame } from "@diskret/api";
import { backoff } from "./backoff";
import { readFrame } from "./frames";

const PING_EVERY = 25_000;
const ANSWER_WITHIN = 10_000;
const STEADY_AFTER = 5_000; // a connection that lived this long was a good one

type Timer = ReturnType<typeof setTimeout>;

export interface Handlers {
  open(): void;
  frame(frame: ServerFrame): void;
  down(): void;
}

/** One socket that comes back by itself. Says nothing of its own but `ping`. */
export class Connection {
  #socket?: WebSocket;
  #attempt = 0;
  #openedAt = 0;
  #notBefore = 0; // the server asked us to stay away until then
  #retry?: Timer;
  #deadline?: Timer;
  #ping?: Timer;
  #wanted = false;

  constructor(
    private readonly url: string,
    private readonly on: Handlers,
  ) {
    addEventListener("online", () => this.#nudge());
    addEventListener("offline", () => {
      this.#probe(3000); // the event is a rumour: a pong in time refutes it
      this.send({ type: "ping" });
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#nudge());
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#connect();
  }

  stop(): void {
    this.#wanted = false;
    this.#drop();
  }

  send(frame: ClientFrame): void {
    if (this.#socket?.readyState !== 1) return;
    this.#socket.send(JSON.stringify(frame));
    if (frame.type === "message" || frame.type === "ping" || frame.type === "hello") this.#probe(ANSWER_WITHIN);
  }

  /** Give this connection up and try again, after `wait` if given, else by back-off. */
  again(wait?: number): void {
    this.#notBefore = wait ? Date.now() + wait : 0;
    this.#lost();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#drop();
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#probe(15_000);
    socket.onopen = () => {
      this.#openedAt = Date.now();
      this.#ping = setInterval(() => this.send({ type: "ping" }), PING_EVERY);
      this.on.open();
    };
    socket.onmessage = (event) => {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
      const frame = readFrame(event.data);
      if (frame) this.on.frame(frame);
    };
    socket.onclose = () => this.#lost();
  }

  /** Network back, or the page is looked at again: do not wait out the back-off; a sleeping socket is asked first. */
  #nudge(): void {
    if (this.#retry && Date.now() >= this.#notBefore) this.#connect();
    else if (this.#socket?.readyState === 1) this.send({ type: "ping" });
  }

  #probe(within: number): void {
    if (!this.#socket) return;
    this.#deadline ??= setTimeout(() => this.#lost(), within);
  }

  #lost(): void {
    const steady = this.#openedAt && Date.now() - this.#openedAt > STEADY_AFTER;
    this.#drop();
    if (!this.#wanted) return;
    if (steady) this.#attempt = 0;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(
      () => this.#connect(),
      Math.max(this.#notBefore - Date.now(), backoff(this.#attempt++)),
    );
    this.on.down();
  }

  #drop(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    this.#deadline = this.#retry = undefined;
    this.#openedAt = 0;
    if (!this.#socket) return;
    // Handlers go first: a dead socket may take minutes to say that it closed.
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = undefined;
  }
}
