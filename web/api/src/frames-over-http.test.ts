// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
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

describe("what comes", () => {
  it("comes through a stream, line by line, however it is cut, and empty lines are nothing", async () => {
    const { came, closes } = await begin();
    expect(frame(0).address).toBe("https://chat.example/frames?mode=stream");
    expect(frame(0).frames).toEqual([HELLO]);
    expect(new Headers(frame(0).init.headers).get("content-type")).toBe("application/x-ndjson");
    const bytes = new TextEncoder().encode(
      `${JSON.stringify(welcome())}\n\n${JSON.stringify(said(1, { text: "Grüße 😀" }))}\n`,
    );
    for (const byte of bytes) {
      frame(0).write(Uint8Array.of(byte));
      await pass();
    }
    expect(came).toEqual([welcome(), said(1, { text: "Grüße 😀" })]);
    expect(closes).toEqual([]);
  });

  it("goes on with the next stream at once, from where the last one ended", async () => {
    const { came, closes } = await streaming({ ...HELLO, after: 4 });
    frame(0).say(said(5), said(6));
    for (let minute = 0; minute < 5 * 4; minute++) {
      await pass(15_000);
      frame(0).write("\n");
    }
    await pass();
    frame(0).end();
    await pass(1);
    expect(modes()).toBe("stream stream");
    expect(frame(1).frames[0]).toMatchObject({ token: "t1", after: 6 });
    frame(1).say(welcome({ conversation: { ...conversation, last_sequence: 7 } }), said(7));
    await pass();
    expect(types(came)).toEqual(["welcome", "message", "message", "presence", "message"]);
    expect(closes).toEqual([]);
  });

  it("tells by a later welcome what changed in between, and never welcomes twice", async () => {
    const { came } = await streaming({ ...HELLO, after: 4 }, welcome({ conversation }));
    frame(0).say(said(5));
    await pass(6_000);
    frame(0).cut();
    await pass(500);
    frame(1).say(welcome({ presence: false, conversation: { ...conversation, team_seen: 5 } }));
    await pass();
    expect(came.slice(2)).toEqual([
      { type: "presence", online: false },
      { type: "seen", conversation: "c", who: "team", sequence: 5 },
    ]);
    expect(types(came).filter((type) => type === "welcome")).toHaveLength(1);
  });

  it("is asked for again after a cut in the middle of a line, after a short random wait", async () => {
    const { came, closes } = await streaming();
    await pass(6_000);
    frame(0).say(said(1)).write('{"type":"message","conversation":"c","seq');
    await pass();
    frame(0).cut();
    await pass();
    expect([asked.length, closes]).toEqual([1, []]);
    await pass(500);
    expect(frame(1).frames[0]).toMatchObject({ after: 1 });
    expect(types(came)).toEqual(["welcome", "message"]);
  });

  it("breaks with the connection when the network gives nothing more", async () => {
    const { closes } = await streaming();
    await pass(6_000);
    frame(0).cut();
    await pass(500);
    frame(1).cut();
    await pass();
    expect(closes).toEqual([false]);
  });

  it("is dead after 40 s without a line, and not before", async () => {
    const { closes } = await streaming();
    await pass(30_000);
    frame(0).write("\n");
    await pass(39_999);
    expect(closes).toEqual([]);
    await pass(1);
    expect([closes, frame(0).aborted]).toEqual([[false], true]);
  });

  it("breaks when the conversation was deleted meanwhile, so that its owner hears it from a welcome of its own", async () => {
    const { closes } = await streaming({ ...HELLO, after: 4 });
    frame(0).say(said(5));
    await pass(6_000);
    frame(0).cut();
    await pass(500);
    frame(1).say(welcome());
    await pass();
    expect(closes).toEqual([false]);
  });

  it("begins anew where the conversation was deleted before", async () => {
    const { closes, send } = await streaming({ ...HELLO, after: 4 }, welcome());
    await send(message(1));
    expect(frame(1).frames[0]).not.toHaveProperty("after");
    frame(1).say(welcome(), accepted(1, 1)).end();
    await pass();
    expect(closes).toEqual([]);
  });

  it("is not passed on after close, and no request is left open", async () => {
    const { socket, came, closes, send } = await streaming();
    await send(message(1));
    socket.onmessage = (event) => {
      came.push(JSON.parse(event.data));
      socket.close();
    };
    frame(0).say(said(1), said(2));
    await pass(600_000);
    expect(types(came)).toEqual(["welcome", "message"]);
    expect([asked.length, asked.every((request) => request.aborted), closes]).toEqual([2, true, []]);
  });
});

describe("a visitor without a token", () => {
  it("says hello once until it has one, and what waited goes under it", async () => {
    const { came, closes, send } = await begin();
    await send({ type: "ping" });
    await pass(100);
    expect([modes(), frame(0).aborted]).toEqual(["stream", false]);
    frame(0).say(welcome({ token: "t1" }));
    await pass();
    expect(modes()).toBe("stream send");
    expect(frame(1).frames).toEqual([{ ...HELLO, token: "t1" }, { type: "ping" }]);
    frame(1).say(welcome(), { type: "pong" }).end();
    await pass();
    expect([types(came), closes]).toEqual([["welcome", "presence", "pong"], []]);
  });

  it("asks no WebSocket either before it has one", async () => {
    await begin();
    window.dispatchEvent(new Event("online"));
    await pass(1_000);
    expect(ScriptedSocket.all).toHaveLength(0);
  });

  it("opens the stream anew under its own token where an answer brings another", async () => {
    const { came, closes } = await streaming();
    frame(0).say(welcome({ token: "t2", conversation }), said(1));
    await pass();
    expect([modes(), frame(0).aborted]).toEqual(["stream stream", true]);
    expect(frame(1).frames).toEqual([{ ...HELLO, token: "t1" }]);
    expect([types(came), closes]).toEqual([["welcome"], []]);
  });

  it("breaks where what it said went under another token, so that its owner says it again", async () => {
    const { came, closes, send } = await streaming();
    await send(message(1));
    frame(1)
      .say(welcome({ token: "t2" }), accepted(1, 1))
      .end();
    await pass();
    expect([types(came), closes]).toEqual([["welcome"], [false]]);
  });
});

describe("a tab that is not looked at", () => {
  const operator = { type: "hello", protocol: 1, sender: "8899aabbccddeeff" };
  const look = (hidden: boolean) => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
    document.dispatchEvent(new Event("visibilitychange"));
  };

  it("leaves its connection to others after 15 s, and hears what came with the owner's next ping", async () => {
    const { came, closes, send } = await streaming({ ...HELLO, after: 4 }, welcome({ token: "t1", conversation }));
    look(true);
    await pass(14_999);
    expect(frame(0).aborted).toBe(false);
    await pass(1);
    expect([modes(), frame(0).aborted]).toEqual(["stream", true]);
    await pass(10_000);
    await send({ type: "ping" });
    expect(modes()).toBe("stream send");
    frame(1).say(welcome({ conversation }), said(5), { type: "pong" }).end();
    await pass(60_000);
    expect(modes()).toBe("stream send");
    look(false);
    await pass(20);
    expect(modes()).toBe("stream send stream");
    expect(frame(2).frames[0]).toMatchObject({ after: 5 });
    expect(types(came)).toEqual(["welcome", "presence", "message", "pong"]);
    expect(closes).toEqual([]);
  });

  it("is not cut for a glance elsewhere", async () => {
    await streaming();
    look(true);
    await pass(5_000);
    look(false);
    await pass(20_000);
    expect([modes(), frame(0).aborted]).toEqual(["stream", false]);
  });

  it("needs no connection at all once it is welcomed, where it was opened behind others", async () => {
    look(true);
    await streaming();
    await pass(20);
    expect([modes(), frame(0).aborted]).toEqual(["stream", true]);
  });

  it("goes on listening where it is an operator's", async () => {
    await streaming(operator);
    look(true);
    await pass(30_000);
    expect([modes(), frame(0).aborted]).toEqual(["stream", false]);
  });

  it("no longer asks after close", async () => {
    const { socket } = await streaming();
    socket.close();
    look(false);
    await pass(60_000);
    expect(modes()).toBe("stream");
  });
});

describe("an operator's poll", () => {
  const hello = { type: "hello", protocol: 1, sender: "8899aabbccddeeff", position: 40 };
  const row = (position: number) => ({ type: "conversation", id: "c", position });
  const counts = { type: "counts", all: 1, mine: 1, unassigned: 0 };
  const refused = { type: "problem", code: "forbidden", detail: "", fatal: false };

  /** Welcomed, and the first poll is open: request 2. */
  const polling = async () => {
    const begun = await begin(hello);
    await pass(4_000);
    frame(1)
      .say(welcome({ position: 41 }), { type: "pong" })
      .end();
    await pass(20);
    expect(modes()).toBe("stream send poll");
    return begun;
  };

  it("asks no more for a conversation that was given to somebody else", async () => {
    const { came, send } = await polling();
    await send({ type: "follow", conversation: "c", after: 7 });
    await pass(20);
    expect(frame(3).frames.at(-1)).toMatchObject({ type: "follow", conversation: "c" });
    frame(3)
      .say(welcome(), counts, { ...refused, conversation: "c" })
      .end();
    await pass(500);
    expect(frame(4).frames.map((each) => each.type)).toEqual(["hello"]);
    expect(came.at(-1)?.type).toBe("problem");
  });

  it("is begun anew with back-off where it brought nothing but problems, however long it lasted", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.99);
    const { closes } = await polling();
    await pass(2_000);
    frame(2).say(welcome(), counts, refused).end();
    await pass(400);
    expect(modes()).toBe("stream send poll");
    for (let answered = 3; answered < 40 && !closes.length; await pass(100))
      for (; answered < asked.length; answered++) frame(answered).say(welcome(), counts, refused).end();
    expect(modes()).toBe("stream send poll poll poll poll");
    expect(closes).toEqual([false]);
  });

  it("is begun anew with back-off, from the same position, where it ended before all missed rows had come", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.99);
    await polling();
    frame(2)
      .say(welcome({ position: 52 }), row(52))
      .end();
    await pass(400);
    expect(modes()).toBe("stream send poll");
    await pass(100);
    expect(frame(3).frames[0]).toMatchObject({ position: 40 });
    frame(3)
      .say(welcome({ position: 52 }), row(52), row(47), counts)
      .end();
    await pass(1);
    expect(frame(4).frames[0]).toMatchObject({ position: 52 });
  });
});

describe("a proxy that holds answers back", () => {
  it("is found by a stream that says nothing within 4 s: a short request asks, then polls wait", async () => {
    const { came, closes, send } = await begin();
    await pass(3_998);
    expect(modes()).toBe("stream");
    await pass(1);
    expect(modes()).toBe("stream send");
    expect(frame(0).aborted).toBe(true);
    expect(frame(1).frames.map((each) => each.type)).toEqual(["hello", "ping"]);
    frame(1)
      .say(welcome({ token: "t1" }), { type: "pong" })
      .end();
    await pass(20);
    expect(modes()).toBe("stream send poll");
    expect(frame(2).frames).toEqual([{ ...HELLO, token: "t1" }]);
    frame(2).say(welcome(), said(1)).end();
    await pass(1);
    expect(modes()).toBe("stream send poll poll");
    expect(frame(3).frames[0]).toMatchObject({ token: "t1", after: 1 });
    await pass(25_000);
    frame(3).say(welcome({ conversation })).end();
    await pass(1);
    expect(modes()).toBe("stream send poll poll poll");
    await send(message(1));
    frame(5).say(welcome({ conversation }), accepted(1, 2)).end();
    await pass();
    expect(types(came).filter((type) => type !== "presence")).toEqual(["welcome", "pong", "message", "accepted"]);
    expect(closes).toEqual([]);
  });

  it("is remembered by the next connection, for ten minutes", async () => {
    const { socket } = await begin();
    await pass(4_000);
    socket.close();
    await begin();
    expect(modes()).toBe("stream send send");
    await pass(600_000);
    await begin();
    expect(frame(-1).mode).toBe("stream");
  });

  it("is suspected when an open stream falls silent", async () => {
    await streaming();
    await pass(40_000);
    await begin();
    expect(frame(-1).mode).toBe("send");
  });

  it("is not suspected when the computer slept", async () => {
    await streaming();
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(40_000);
    await begin();
    expect(frame(-1).mode).toBe("stream");
  });

  it("is not asked in a circle when polls come back at once with nothing", async () => {
    const { closes } = await begin();
    await pass(4_000);
    frame(1)
      .say(welcome({ token: "t1" }), { type: "pong" })
      .end();
    await pass(20);
    for (let answered = 2; answered < 40 && !closes.length; await pass(100))
      for (; answered < asked.length; answered++) frame(answered).say(welcome()).end();
    expect(modes()).toBe("stream send poll poll poll poll");
    expect(closes).toEqual([false]);
  });
});
