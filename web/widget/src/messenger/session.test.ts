// @vitest-environment happy-dom
import type { ClientFrame, ServerFrame } from "@diskret/api";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Memory } from "./memory";
import { SendQueue } from "./queue";
import { REFUSED, Session } from "./session";

const limits = { text_characters: 100, frame_bytes: 1000, in_flight: 4 };
const welcome = (more: object = {}): ServerFrame => ({
  type: "welcome",
  protocol: 1,
  at: 0,
  limits,
  presence: true,
  position: 0,
  ...more,
});
const accepted = (counter: number, sequence: number, text?: string): ServerFrame => ({
  type: "accepted",
  counter,
  sequence,
  at: 1,
  conversation: "c1",
  text,
});
const problem = (code: string, more: object = {}) =>
  ({ type: "problem", code, detail: "", fatal: false, ...more }) as ServerFrame;
const said = (sequence: number): ServerFrame => ({
  type: "message",
  conversation: "c1",
  sequence,
  author: { kind: "operator", id: "o1", name: "Ben" },
  note: false,
  text: `t${sequence}`,
  at: 1,
});

function begin(memory = new Memory("w1")) {
  const out: ClientFrame[] = [];
  const wire = { start: vi.fn(), stop: vi.fn(), again: vi.fn(), send: (frame: ClientFrame) => void out.push(frame) };
  const on = { change: vi.fn(), incoming: vi.fn(), refused: vi.fn() };
  const session = new Session(new SendQueue("00112233aabbccdd"), memory, { widget: "w1", language: "de" }, on);
  session.wire = wire;
  session.opened();
  const messages = () => {
    const texts = out.flatMap((frame) => (frame.type === "message" ? `${frame.counter}${frame.text}` : []));
    out.length = 0;
    return texts;
  };
  return { session, wire, on, out, memory, messages };
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});

describe("Session", () => {
  it("greets without token and keeps the given one only from the first message on", () => {
    const { session, out } = begin();
    expect(out[0]).toMatchObject({ type: "hello", protocol: 1, widget: "w1", token: undefined });
    session.frame(welcome({ token: "t1" }));
    expect(localStorage.length).toBe(0);
    session.write("a", false);
    expect(new Memory("w1").token).toBe("t1");
  });

  it("writes before the connection stands and sends when it does", () => {
    const { session, messages } = begin();
    session.write("a", false);
    expect(messages()).toEqual([]);
    session.frame(welcome());
    expect(messages()).toEqual(["1a"]);
  });

  it("loses nothing and doubles nothing when the answer is lost", () => {
    const { session, out, messages } = begin();
    session.frame(welcome({ token: "t1" }));
    session.write("a", false);
    session.write("b", false);
    session.frame(accepted(1, 1));
    messages();
    session.down();
    session.opened();
    expect(out[0]).toMatchObject({ type: "hello", token: "t1", after: 1, sender: "00112233aabbccdd" });
    session.frame(welcome({ conversation: { state: "open", last_sequence: 2, team_seen: 0, assignee: null } }));
    expect(messages()).toEqual(["2b"]);
    const author = { kind: "visitor" as const };
    const echo = { conversation: "c1", sequence: 2, author, note: false, text: "b", at: 1, counter: 2 };
    session.frame({ type: "message", sender: "00112233aabbccdd", ...echo });
    session.frame(accepted(2, 2));
    expect(session.timeline.entries).toHaveLength(2);
    expect(session.queue.pending).toHaveLength(0);
  });

  it("waits as long as the server asks and then sends from the first unconfirmed", () => {
    const { session, messages } = begin();
    session.frame(welcome());
    for (const text of ["a", "b"]) session.write(text, false);
    messages();
    session.frame(problem("rate_limited", { counter: 1, retry_after_ms: 4000 }));
    session.frame(problem("counter_gap", { counter: 2, expected: 1 }));
    session.write("c", false);
    expect(session.trouble).toBe(4000);
    vi.advanceTimersByTime(3999);
    expect(messages()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(messages()).toEqual(["1a", "2b", "3c"]);
    expect(session.trouble).toBe(0);
  });

  it("gives a refused text back and sends the later ones under the freed counter", () => {
    const { session, on, messages } = begin();
    session.frame(welcome());
    session.write("long", false);
    session.write("b", false);
    messages();
    session.frame(problem("text_too_long", { counter: 1 }));
    expect(on.refused).toHaveBeenCalledWith("long");
    expect(session.trouble).toBe(REFUSED);
    expect(messages()).toEqual(["1b"]);
  });

  it("slows down when the same gap is reported without progress", () => {
    const { session, messages } = begin();
    session.frame(welcome());
    session.write("a", false);
    let sends = 0;
    for (let i = 0; i < 50; i++) {
      session.frame(problem("counter_gap", { counter: 1, expected: 1 }));
      vi.advanceTimersByTime(100);
      sends += messages().length;
    }
    expect(sends).toBeLessThan(8);
  });

  it("asks again from the last contiguous entry when a gap does not fill", () => {
    const { session, wire } = begin();
    session.frame(welcome());
    session.frame(said(1));
    session.frame(said(3));
    vi.advanceTimersByTime(1100);
    expect(wire.again).toHaveBeenCalledTimes(1);
  });

  it("forgets a token that is not known here and says hello without", () => {
    localStorage.setItem("diskret:w1", JSON.stringify({ token: "old", seen: 3 }));
    const { session, wire, out, memory } = begin();
    expect(out[0]).toMatchObject({ token: "old" });
    session.frame(problem("token_invalid", { fatal: true }));
    expect([memory.token, localStorage.length]).toEqual([undefined, 0]);
    expect(wire.again).toHaveBeenCalled();
  });

  it("takes an erased conversation off the screen and starts the next at 1", () => {
    const { session, messages } = begin();
    session.frame(welcome({ token: "t1" }));
    session.write("a", false);
    session.frame(accepted(1, 1));
    messages();
    session.opened();
    session.frame(welcome());
    expect([session.timeline.entries.length, session.erased]).toEqual([0, true]);
    session.write("b", false);
    expect(messages()).toEqual(["1b"]);
  });

  it("shows the server's text and says so when it masked more", () => {
    const { session } = begin();
    session.frame(welcome());
    session.write("4111", false);
    session.frame(accepted(1, 1, "••••"));
    expect(session.timeline.entries[0]).toMatchObject({ masked: true, entry: { text: "••••" } });
  });

  it("announces what comes new, not what is replayed", () => {
    const { session, on } = begin();
    session.frame(welcome({ conversation: { state: "open", last_sequence: 1, team_seen: 0, assignee: null } }));
    session.frame(said(1));
    expect(on.incoming).not.toHaveBeenCalled();
    session.frame({ type: "current", conversation: "c1", last_sequence: 1 });
    session.frame(said(2));
    expect(on.incoming).toHaveBeenCalledTimes(1);
    expect(session.unread).toEqual([1, 2]);
    session.see(2);
    expect(session.unread).toEqual([]);
  });

  it("does not count as new what was taken back", () => {
    const { session } = begin();
    session.frame(welcome());
    session.frame(accepted(1, 1));
    for (const sequence of [1, 2, 3]) session.frame(said(sequence));
    expect(session.unread).toEqual([1, 2, 3]);
    const recalled = {
      type: "event",
      conversation: "c1",
      sequence: 4,
      at: 1,
      event: "recalled",
      operator: null,
      of: 2,
    };
    session.frame(recalled as ServerFrame);
    expect(session.unread).toEqual([1, 3]);
  });

  it("does not claim to have seen beyond a gap", () => {
    const { session, out } = begin();
    session.frame(welcome());
    session.frame(said(1));
    session.frame(said(3));
    session.see(3);
    expect(out.at(-1)).toEqual({ type: "seen", sequence: 1 });
  });

  it("stops for good where the widget does not exist", () => {
    const { session, wire } = begin();
    session.frame(problem("not_found", { fatal: true }));
    expect(session.link).toBe("gone");
    expect(wire.stop).toHaveBeenCalled();
  });
});
