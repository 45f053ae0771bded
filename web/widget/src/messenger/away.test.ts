// @vitest-environment happy-dom
// The session over the real connection: what a visitor who was away finds again.
import { ScriptedSocket } from "@diskret/api/scripted-socket";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { connection } from "./connection";
import { Memory } from "./memory";
import { SendQueue } from "./queue";
import { Session } from "./session";

const DAY = 24 * 3_600_000;
const limits = { text_characters: 100, frame_bytes: 1000, in_flight: 4 };
const welcome = (last?: number, token?: string) => ({
  type: "welcome",
  protocol: 1,
  at: 0,
  limits,
  presence: true,
  position: 0,
  token,
  ...(last && { conversation: { state: "open", last_sequence: last, team_seen: 0, assignee: null } }),
});
const accepted = (counter: number, sequence: number) => ({
  type: "accepted",
  counter,
  sequence,
  at: 1,
  conversation: "c1",
});
const said = (sequence: number) => ({
  type: "message",
  conversation: "c1",
  sequence,
  author: { kind: "operator", id: "o1", name: "Ben" },
  note: false,
  text: `t${sequence}`,
  at: 1,
});
let sockets: ScriptedSocket[];
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  sockets = ScriptedSocket.install();
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const last = () => sockets.at(-1) as ScriptedSocket;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function begin() {
  const memory = new Memory("w1");
  const queue = new SendQueue("00112233aabbccdd");
  const on = { change: vi.fn(), incoming: vi.fn(), refused: vi.fn() };
  const session = new Session(queue, memory, { widget: "w1", language: "de" }, on);
  const wire = connection("wss://chat.example/socket", session, () => Promise.reject(new TypeError("no network")));
  session.wire = wire;
  stop = wire.stop;
  wire.start();
  return { session, memory, wire };
}
const texts = (session: Session) =>
  session.timeline.entries.flatMap(({ entry }) => (entry.type === "message" ? entry.text : []));

/** A visitor who wrote one message, was answered, and wrote another one that nobody confirmed. */
function talking() {
  const begun = begin();
  last().accept().say(welcome(undefined, "t1"));
  begun.session.write("a", false);
  last().say(accepted(1, 1), said(2));
  begun.session.write("b", false);
  return begun;
}

it("a day without network: resumes from the last entry, under the same token, and nothing is lost or doubled", async () => {
  const { session, memory } = talking();
  last().cut();
  for (const end = Date.now() + DAY; Date.now() < end; await pass(10_000)) if (last().readyState === 0) last().cut();
  expect(session.link).toBe("lost");
  session.write("c", false);
  const tried = sockets.length;
  expect(tried).toBeGreaterThan(DAY / 45_000); // it never gave up
  expect(tried).toBeLessThan(DAY / 5_000);

  while (last().readyState !== 0) await pass(1_000);
  last().accept();
  expect(last().sent).toEqual([expect.objectContaining({ type: "hello", token: "t1", after: 2 })]);
  last().say(welcome(4), said(3), said(4), { type: "current", conversation: "c1", last_sequence: 4 });
  expect(last().sent.slice(1)).toEqual([
    { type: "message", counter: 2, text: "b" },
    { type: "message", counter: 3, text: "c" },
  ]);
  last().say(accepted(2, 5), accepted(3, 6));
  expect(texts(session)).toEqual(["a", "t2", "t3", "t4", "b", "c"]);
  expect([session.queue.pending.length, memory.token]).toEqual([0, "t1"]);
});

it("a day with the lid closed: the same, within seconds of opening it", async () => {
  const { session } = talking();
  vi.setSystemTime(Date.now() + DAY); // no timer ran
  document.dispatchEvent(new Event("visibilitychange"));
  await pass(5_000 + 500);
  last().accept();
  expect(last().sent[0]).toMatchObject({ token: "t1", after: 2 });
  last().say(welcome(3), {
    ...said(3),
    author: { kind: "visitor" },
    text: "b",
    sender: "00112233aabbccdd",
    counter: 2,
  });
  last().say(accepted(2, 3));
  expect(texts(session)).toEqual(["a", "t2", "b"]);
});

it("another page load a day later comes back under the kept token", async () => {
  talking();
  stop();
  vi.setSystemTime(Date.now() + DAY);
  begin();
  last().accept();
  expect(last().sent[0]).toMatchObject({ type: "hello", token: "t1" });
  expect(last().sent[0]).not.toHaveProperty("after"); // it holds nothing and is told all
});

it("says when nothing outlives the page, from the first message on", () => {
  for (const denied of [false, true]) {
    const blocked = vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
      throw new DOMException("storage is not allowed here", "SecurityError");
    });
    if (!denied) blocked.mockRestore();
    const { session } = begin();
    last().accept().say(welcome(undefined, "t1"));
    expect(session.fleeting).toBe(false);
    session.write("a", false);
    expect(session.fleeting).toBe(denied);
    last().say(accepted(1, 1));
    session.see(1);
    expect(session.fleeting).toBe(denied);
    stop();
  }
});
