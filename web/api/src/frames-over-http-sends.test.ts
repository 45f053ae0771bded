// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Asked } from "./scripted-fetch";
import {
  accepted,
  asked,
  begin,
  conversation,
  frame,
  HELLO,
  message,
  modes,
  pass,
  said,
  streaming,
  types,
  welcome,
} from "./scripted-page";
import { ScriptedSocket } from "./scripted-socket";

describe("what goes", () => {
  it("goes in order, one request at a time, together with what queued up", async () => {
    const { came, send } = await streaming();
    await send(message(1));
    await send(message(2), message(3));
    expect(modes()).toBe("stream send");
    frame(1).say(welcome(), accepted(1, 1)).end();
    await pass();
    expect(modes()).toBe("stream send send");
    expect(frame(2).frames).toEqual([{ ...HELLO, token: "t1", after: 1 }, message(2), message(3)]);
    frame(2).say(welcome({ conversation }), accepted(2, 2), accepted(3, 3)).end();
    await pass();
    expect(types(came).filter((type) => type === "accepted")).toHaveLength(3);
  });

  it("says only the last of who types and what was seen", async () => {
    const { send } = await streaming();
    await send(message(1));
    await send(
      { type: "typing", on: true },
      { type: "seen", sequence: 1 },
      { type: "typing", on: false },
      { type: "seen", sequence: 2 },
    );
    frame(1).say(welcome(), accepted(1, 1)).end();
    await pass();
    expect(frame(2).frames.slice(1)).toEqual([
      { type: "typing", on: false },
      { type: "seen", sequence: 2 },
    ]);
  });

  it("is divided where the server would refuse it as too large", async () => {
    const { send } = await streaming();
    await send(...[1, 2, 3].map((counter) => message(counter, { text: "ä".repeat(10_000) })), message(4));
    const [first, second] = [frame(1).frames.length - 1, 4 - (frame(1).frames.length - 1)];
    expect(String(frame(1).init.body).length * 2).toBeLessThan(65_536 * 2);
    expect(new TextEncoder().encode(String(frame(1).init.body)).length).toBeLessThan(65_536);
    frame(1)
      .say(welcome(), ...[1, 2, 3, 4].slice(0, first).map((n) => accepted(n, n)))
      .end();
    await pass();
    expect(frame(2).frames.length - 1).toBe(second);
  });

  it.each([
    ["the network fails", (request: Asked) => request.cut()],
    ["the server errs", (request: Asked) => request.refuse(500)],
    ["a gateway answers", (request: Asked) => request.refuse(502, { "content-type": "text/html" })],
    ["the answer is cut before the acknowledgement", (request: Asked) => void request.say(welcome()).end()],
    ["nothing comes within 15 s", () => void vi.advanceTimersByTime(15_000)],
  ])("breaks the connection when %s, once, and sends nothing by itself again", async (_, fail) => {
    const { closes, came, send } = await streaming();
    await send(message(1));
    await send(message(2));
    fail(frame(1));
    await pass(60_000);
    expect(closes).toEqual([false]);
    expect(asked.filter((request) => request.mode === "send")).toHaveLength(1);
    expect(types(came)).not.toContain("accepted");
    // The owner says hello again and sends what was not acknowledged, under the same counters.
    const next = await begin({ ...HELLO, token: "t1" });
    frame(-1).say(welcome());
    await pass();
    await next.send(message(1), message(2));
    expect(frame(-1).frames.slice(1)).toEqual([message(1), message(2)]);
  });

  it("says what a refusal means and how long to stay away", async () => {
    for (const [status, headers, expected] of [
      [429, { "retry-after": "7" }, { code: "rate_limited", retry_after_ms: 7000 }],
      [503, { "retry-after": "2" }, { code: "unavailable", retry_after_ms: 2000 }],
      [503, { "retry-after": "9", "content-type": "text/html" }, { code: "unavailable", retry_after_ms: 9000 }],
      [401, {}, { code: "unauthorised" }],
    ] as const) {
      const { came, closes, send } = await begin();
      frame(-1).say(welcome());
      await pass();
      await send(message(1));
      frame(-1).refuse(status, headers);
      await pass();
      expect(came.at(-1)).toMatchObject({ type: "problem", fatal: true, ...expected });
      expect(closes).toEqual([false]);
    }
    for (const [status, kind] of [
      [401, "text/html"], // a portal's, not ours
      [404, "text/plain"],
      [413, "application/problem+json"],
    ] as const) {
      const { came, closes } = await begin();
      frame(-1).refuse(status, { "content-type": kind });
      await pass();
      expect([came, closes]).toEqual([[], [false]]);
    }
  });

  it("does not take a page of a portal for an answer", async () => {
    const { came, closes } = await begin();
    frame(0).refuse(200, { "content-type": "text/html" });
    await pass();
    expect([came, closes]).toEqual([[], [false]]);
  });

  it("opens the stream anew when the first message's conversation does not reach it within 1 s", async () => {
    const { send, closes } = await streaming();
    await send(message(1));
    frame(1).say(welcome(), accepted(1, 1)).end();
    await pass(999);
    expect(modes()).toBe("stream send");
    await pass(1);
    expect(modes()).toBe("stream send stream");
    expect(frame(2).frames[0]).toMatchObject({ after: 1, token: "t1" });
    expect(closes).toEqual([]);
  });

  it("leaves a stream alone that brings the echo", async () => {
    const { came, send } = await streaming();
    await send(message(1));
    frame(1).say(welcome(), accepted(1, 1)).end();
    frame(0).say(said(1, { sender: HELLO.sender, counter: 1 }));
    await pass(10_000);
    expect(modes()).toBe("stream send");
    expect(types(came)).toContain("message");
  });
});

describe("a ping", () => {
  const ping = { type: "ping" };
  it("is answered at once while lines come", async () => {
    const { came, send } = await streaming();
    await pass(19_000);
    await send(ping);
    await pass(1);
    expect([came.at(-1)?.type, modes()]).toEqual(["pong", "stream"]);
  });

  it("asks the server otherwise, and opens the stream that should have said something anew", async () => {
    const { came, send } = await streaming();
    vi.setSystemTime(Date.now() + 8 * 3_600_000); // a lid was closed
    await send(ping);
    expect(modes()).toBe("stream stream send");
    expect(frame(0).aborted).toBe(true);
    frame(2).say(welcome(), { type: "pong" }).end();
    await pass();
    expect(came.at(-1)?.type).toBe("pong");
  });

  it("asks the server when the browser says that there is no network", async () => {
    const { closes, send } = await streaming();
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    await send(ping);
    frame(1).cut();
    await pass();
    expect(closes).toEqual([false]);
  });
});

describe("an operator", () => {
  const hello = { type: "hello", protocol: 1, sender: "8899aabbccddeeff", position: 40 };
  const row = (position: number) => ({ type: "conversation", id: "c", position });
  const counts = { type: "counts", all: 1, mine: 1, unassigned: 0 };

  it("follows through a new stream, once for all that is said in one breath", async () => {
    const { send } = await streaming(hello, welcome({ position: 41 }));
    frame(0).say(row(41), counts);
    await send({ type: "watch", list: "mine" }, { type: "follow", conversation: "c", after: 7 });
    await pass(20);
    expect(modes()).toBe("stream stream");
    expect(frame(1).frames).toEqual([
      { ...hello, position: 41 },
      { type: "watch", list: "mine" },
      { type: "follow", conversation: "c", after: 7 },
    ]);
    frame(1).say(welcome(), counts, said(8));
    await pass(6_000);
    frame(1).cut();
    await pass(500);
    expect(frame(2).frames[2]).toEqual({ type: "follow", conversation: "c", after: 8 });
    await send({ type: "unfollow", conversation: "c" }, { type: "watch", list: "all" });
    await pass(20);
    expect(frame(3).frames.slice(1)).toEqual([{ type: "watch", list: "all" }]);
  });

  it("sends without a position, and knows messages of two conversations apart", async () => {
    const { closes, send } = await streaming(hello, welcome({ position: 41 }));
    await send(message(1, { conversation: "c" }), message(1, { conversation: "d" }));
    expect(frame(1).frames[0]).not.toHaveProperty("position");
    frame(1).say(welcome(), accepted(1, 5)).end(); // of "c" only
    await pass();
    expect(closes).toEqual([false]);
  });
});

describe("the way back to a WebSocket", () => {
  it("is tried soon, then less often, then every few minutes", async () => {
    await streaming();
    const alive = setInterval(() => frame(0).write("\n"), 15_000);
    const at: number[] = [];
    for (let second = 0; second < 1500; second++) {
      await pass(1000);
      const last = ScriptedSocket.all.at(-1);
      if (last?.onclose) {
        at.push(second);
        last.cut();
      }
    }
    clearInterval(alive);
    const waits = at.map((second, index) => second - (at[index - 1] ?? 0));
    const expected = [15, 30, 60, 120, 240, 300, 300];
    expect(waits.length).toBeGreaterThan(5);
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual((expected[index] ?? 300) * 0.75 - 2);
      expect(wait).toBeLessThanOrEqual((expected[index] ?? 300) * 1.25 + 2);
    });
  });

  it("is taken when the server answers there, but not while something is on its way", async () => {
    const { closes, send } = await streaming();
    await pass(19_000);
    const probe = ScriptedSocket.all[0]?.accept();
    expect(probe?.sent[0]).toMatchObject({ type: "hello", token: "t1" });
    await send(message(1));
    probe?.say(welcome());
    expect(closes).toEqual([]);
    frame(1).say(welcome(), accepted(1, 1)).end();
    await pass();
    expect([closes, probe?.readyState]).toEqual([[true], 3]);
  });

  it("is tried when the network changes, not at the same moment by all", async () => {
    await streaming();
    window.dispatchEvent(new Event("online"));
    expect(ScriptedSocket.all).toHaveLength(0);
    await pass(1000);
    expect(ScriptedSocket.all).toHaveLength(1);
  });

  it("is no longer tried after close", async () => {
    const { socket } = await streaming();
    socket.close();
    window.dispatchEvent(new Event("online"));
    await pass(600_000);
    expect(ScriptedSocket.all).toHaveLength(0);
  });
});
