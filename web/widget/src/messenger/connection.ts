import type { ClientFrame, ServerFrame } from "@diskret/api";
import { backoff } from "@diskret/api/backoff";
import { readFrame } from "@diskret/api/frame";
import { type Load, type SocketLike, Way } from "@diskret/api/way";

const OPEN_WITHIN = 5_000; // and prove within this that it is still open
const ANSWER_WITHIN = 10_000;
const STEADY_AFTER = OPEN_WITHIN; // a connection that lived this long was a good one

export interface Handlers {
  opened(): void;
  frame(frame: ServerFrame): void;
  down(): void;
}
type Timer = ReturnType<typeof setTimeout>;

/**
 * One connection that comes back by itself: a WebSocket, or what `load` brings where none gets through. Says nothing of its
 * own but `ping`.
 */
export function connection(url: string, on: Handlers, load: Load) {
  const way = new Way(load);
  let socket: SocketLike | undefined;
  let wanted = false;
  let attempt = 0;
  let welcomedAt = 0;
  let busyAt = 0; // when something last came or went
  let notBefore = 0; // the server asked us to stay away until then
  let retry: Timer | undefined;
  let deadline: Timer | undefined;
  let ping: Timer | undefined;

  // Not all at the same moment: a whole office may be back with its router.
  addEventListener("online", () => setTimeout(nudge, 1000 * Math.random()));
  addEventListener("offline", prove); // the event is a rumour: a pong in time refutes it
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
    busyAt = Date.now();
    if (frame.type === "message" || frame.type === "ping" || frame.type === "hello") probe(ANSWER_WITHIN);
  }

  /** Give this connection up and try again, after `wait` if given, else by back-off. */
  function again(wait?: number): void {
    notBefore = wait ? Date.now() + wait : 0;
    drop();
    if (!wanted) return;
    retry = setTimeout(connect, wait ?? backoff(attempt++));
    on.down();
  }

  function connect(): void {
    drop();
    socket = new way.vehicle(url);
    probe(OPEN_WITHIN);
    socket.onopen = () => {
      heard();
      ping = setInterval(send, way.rhythm, { type: "ping" });
      on.opened();
    };
    socket.onmessage = (event: { data: unknown }) => {
      heard();
      welcomedAt ||= busyAt;
      const frame = readFrame(event.data);
      if (frame?.type === "pong") way.proven();
      if (frame) on.frame(frame);
    };
    socket.onclose = (event: { wasClean: boolean }) => lost(event.wasClean);
  }

  /** Network back, or the page is looked at again: do not wait out the back-off; a sleeping socket is asked first. */
  function nudge(): void {
    if (retry && Date.now() >= notBefore) connect();
    else prove();
  }

  function prove(): void {
    clearTimeout(deadline); // a longer one may be running since before the computer slept
    deadline = undefined;
    probe(OPEN_WITHIN);
    send({ type: "ping" });
  }

  function heard(): void {
    clearTimeout(deadline);
    deadline = undefined;
    busyAt = Date.now();
  }

  function probe(within: number): void {
    if (socket) deadline ??= setTimeout(lost, within);
  }

  function lost(meant = false): void {
    way.judge(meant, welcomedAt && Date.now() - busyAt);
    again();
  }

  function drop(): void {
    if (welcomedAt && Date.now() - welcomedAt > STEADY_AFTER) attempt = 0;
    for (const timer of [deadline, retry, ping]) clearTimeout(timer);
    deadline = retry = undefined;
    welcomedAt = 0;
    // Handlers go first: a dead socket may take minutes to say that it closed.
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    socket = undefined;
  }
}
