// @vitest-environment happy-dom
import { ScriptedSocket } from "@diskret/api/scripted-socket";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection, type Status } from "./connection";

class StandIn extends ScriptedSocket {}

const HOUR = 3_600_000;
const welcome = { type: "welcome" };
const restarting = (wait: number) => ({ type: "problem", code: "restarting", fatal: true, retry_after_ms: wait });
let sockets: ScriptedSocket[];
let random: ReturnType<typeof vi.spyOn>;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = ScriptedSocket.install();
  random = vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  connection.stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const last = () => sockets.at(-1) as ScriptedSocket;

function begin() {
  const said: string[] = [];
  let position = 40;
  connection = new Connection(
    "wss://desk.example/socket",
    {
      hello: () => ({ type: "hello", protocol: 1, sender: "00", position }),
      welcome: () => {},
      frame: () => {
        position++;
      },
      gone: () => {},
      status: (status: Status, detour: boolean) => void said.push(detour ? `${status} by a detour` : status),
      signedOut: () => void said.push("signed out"),
    },
    async () => ({ FramesOverHttp: StandIn }),
  );
  connection.start();
  return said;
}

describe("which way", () => {
  it("takes HTTP when no WebSocket gets through, and says so", async () => {
    const said = begin();
    last().cut();
    await pass(250);
    last().cut();
    await pass(500);
    expect(last()).toBeInstanceOf(StandIn);
    last().accept().say(welcome);
    expect(said.at(-1)).toBe("ready by a detour");
    await pass(20_000);
    last().cut(true);
    await pass(250);
    expect(last()).not.toBeInstanceOf(StandIn);
    last().accept().say(welcome);
    expect(said.at(-1)).toBe("ready");
  });

  it("takes HTTP when WebSockets do not open within 5 s, or open and say nothing", async () => {
    begin();
    await pass(5_000 + 250);
    last().accept();
    await pass(10_000 + 500);
    expect(last()).toBeInstanceOf(StandIn);
  });

  it("pings faster where silence is cut", async () => {
    begin();
    for (let cut = 0; cut < 3; cut++) {
      last().accept().say(welcome);
      await pass(8_000);
      last().cut();
      await pass(500);
    }
    last().accept().say(welcome);
    await pass(4_000);
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
  });
});

describe("coming back", () => {
  it("never returns earlier than a restarting server asks, and not all at once", async () => {
    for (const [share, wait] of [
      [0, 2_000],
      [0.5, 3_000],
      [0.999, 3_998],
    ] as const) {
      random.mockReturnValue(share);
      begin();
      last().accept().say(welcome, restarting(2_000));
      const before = sockets.length;
      document.dispatchEvent(new Event("visibilitychange")); // no way around it
      await pass(wait - 1);
      expect(sockets).toHaveLength(before);
      await pass(1);
      expect(sockets).toHaveLength(before + 1);
      connection.stop();
    }
  });

  it("asks who it is when the role changed while no socket stood", async () => {
    for (const code of ["forbidden", "unauthorised"]) {
      const said = begin();
      last().accept().say({ type: "problem", code, fatal: true });
      expect(said.slice(-2)).toEqual(["stopped", "signed out"]);
      expect(said).not.toContain("refused");
    }
  });

  it("proves itself at once when the computer wakes, though no event tells", async () => {
    begin();
    last().accept().say(welcome);
    await pass(4_000);
    vi.setSystemTime(Date.now() + 9 * HOUR);
    await pass(1_000);
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    await pass(4_000 + 250);
    expect(sockets).toHaveLength(2);
  });

  it("does not wait out the back-off when the computer wakes", async () => {
    begin();
    for (const wait of [250, 500, 1_000, 2_000, 4_000, 8_000]) {
      last().cut();
      await pass(wait);
    }
    last().cut();
    const before = sockets.length;
    vi.setSystemTime(Date.now() + 9 * HOUR);
    await pass(5_000);
    expect(sockets).toHaveLength(before + 1);
  });

  it("resumes after a day from the row that came last", async () => {
    begin();
    last().accept().say(welcome, { type: "conversation" }, { type: "conversation" });
    last().cut();
    for (let times = 0; times < (24 * HOUR) / 20_000; times++) {
      await pass(20_000);
      if (last().readyState === 0) last().cut();
    }
    while (last().readyState !== 0) await pass(100);
    last().accept();
    expect(last().sent).toEqual([{ type: "hello", protocol: 1, sender: "00", position: 42 }]);
  });
});
