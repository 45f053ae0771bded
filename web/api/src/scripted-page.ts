// For tests: frames over HTTP as a page load has them, with the network in the hand of the test.
import { afterEach, beforeEach, vi } from "vitest";
import type { FramesOverHttp } from "./frames-over-http";
import { type Asked, scriptedFetch } from "./scripted-fetch";
import { ScriptedSocket } from "./scripted-socket";

export const HELLO = { type: "hello", protocol: 1, sender: "0011223344556677", widget: "w1" };
const limits = { text_characters: 100, frame_bytes: 1000, in_flight: 4 };
export const welcome = (more: object = {}) => ({
  type: "welcome",
  protocol: 1,
  at: 0,
  limits,
  presence: true,
  position: 0,
  ...more,
});
export const conversation = { state: "open", last_sequence: 1, team_seen: 0, assignee: null };
export const said = (sequence: number, more: object = {}) => ({
  type: "message",
  conversation: "c",
  sequence,
  text: "",
  ...more,
});
export const accepted = (counter: number, sequence: number, more: object = {}) => ({
  type: "accepted",
  counter,
  sequence,
  at: 1,
  conversation: "c",
  ...more,
});
export const message = (counter: number, more: object = {}) => ({
  type: "message",
  counter,
  text: `m${counter}`,
  ...more,
});

export let asked: Asked[];
let made: FramesOverHttp[];
let Made: typeof FramesOverHttp;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules(); // what a page load remembers of the network
  made = [];
  ScriptedSocket.install();
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
  asked = scriptedFetch();
  Made = (await import("./frames-over-http")).FramesOverHttp;
});
afterEach(() => {
  for (const each of made) each.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
export const frame = (index: number): Asked => {
  const found = asked.at(index);
  if (!found) throw new Error(`no request ${index} of ${asked.length}`);
  return found;
};
export const modes = () => asked.map((request) => request.mode).join(" ");

/** Opens one as connection.ts does; gives what it passes on. */
export async function begin(hello: object = HELLO) {
  const socket = new Made("wss://chat.example/socket");
  made.push(socket);
  const came: Record<string, unknown>[] = [];
  const closes: boolean[] = [];
  socket.onopen = () => socket.send(JSON.stringify(hello));
  socket.onmessage = (event) => void came.push(JSON.parse(event.data));
  socket.onclose = (event) => void closes.push(event.wasClean);
  await pass(1);
  const send = async (...frames: object[]) => {
    for (const each of frames) socket.send(JSON.stringify(each));
    await pass();
  };
  return { socket, came, closes, send };
}
/** The same, and welcomed over a stream that works. */
export async function streaming(hello: object = HELLO, answer: object = welcome({ token: "t1" })) {
  const begun = await begin(hello);
  frame(0).say(answer);
  await pass();
  return begun;
}
export const types = (came: Record<string, unknown>[]) => came.map((each) => each.type);
