import type { ClientFrame, ServerFrame } from "@diskret/api";
import { backoff } from "./backoff";
import { readFrame } from "./frames";

const PING_EVERY = 25_000;
const ANSWER_WITHIN = 10_000;
const STEADY_AFTER = 5_000; // a connection that lived this long was a good one

export interface Handlers {
  opened(): void;
  frame(frame: ServerFrame): void;
  down(): void;
}
type Timer = ReturnType<typeof setTimeout>;

/** One socket that comes back by itself. Says nothing of its own but `ping`. */
export function connection(url: string, on: Handlers) {
  let socket: WebSocket | undefined;
  let wanted = false;
  let attempt = 0;
  let openedAt = 0;
  let notBefore = 0; // the server asked us to stay away until then
  let retry: Timer | undefined;
  let deadline: Timer | undefined;
  let ping: Timer | undefined;

  addEventListener("online", nudge);
  addEventListener("offline", () => {
    probe(3000); // the event is a rumour: a pong in time refutes it
    send({ type: "ping" });
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && nudge());
  return { start, stop, send, again };

  function start(): void {
    if (wanted) return;
    wanted = true;
    connect();
  }

  function stop(): void {
    wanted = false;
    drop();
  }

  function send(frame: ClientFrame): void {
    if (socket?.readyState !== 1) return;
    socket.send(JSON.stringify(frame));
    if (frame.type === "message" || frame.type === "ping" || frame.type === "hello") probe(ANSWER_WITHIN);
  }

  /** Give this connection up and try again, after `wait` if given, else by back-off. */
  function again(wait?: number): void {
    notBefore = wait ? Date.now() + wait : 0;
    lost(wait);
  }

  function connect(): void {
    drop();
    socket = new WebSocket(url);
    probe(15_000);
    socket.onopen = () => {
      openedAt = Date.now();
      ping = setInterval(send, PING_EVERY, { type: "ping" });
      on.opened();
    };
    socket.onmessage = (event) => {
      clearTimeout(deadline);
      deadline = undefined;
      const frame = readFrame(event.data);
      if (frame) on.frame(frame);
    };
    socket.onclose = () => lost();
  }

  /** Network back, or the page is looked at again: do not wait out the back-off; a sleeping socket is asked first. */
  function nudge(): void {
    if (retry && Date.now() >= notBefore) connect();
    else send({ type: "ping" });
  }

  function probe(within: number): void {
    if (socket) deadline ??= setTimeout(lost, within);
  }

  function lost(wait?: number): void {
    if (openedAt && Date.now() - openedAt > STEADY_AFTER) attempt = 0;
    drop();
    if (!wanted) return;
    retry = setTimeout(connect, wait ?? backoff(attempt++));
    on.down();
  }

  function drop(): void {
    for (const timer of [deadline, retry, ping]) clearTimeout(timer);
    deadline = retry = undefined;
    openedAt = 0;
    // Handlers go first: a dead socket may take minutes to say that it closed.
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    socket = undefined;
  }
}
