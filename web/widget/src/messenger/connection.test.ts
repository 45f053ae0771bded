// @vitest-environment happy-dom
import type { ServerFrame } from "@diskret/api";
import { ScriptedSocket } from "@diskret/api/scripted-socket";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connection } from "./connection";

class StandIn extends ScriptedSocket {}

const hello = { type: "hello", protocol: 1, sender: "00" } as const;
const welcome = { type: "welcome" };
const pong = { type: "pong" };
let sockets: ScriptedSocket[];
let random: ReturnType<typeof vi.spyOn>;
let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  sockets = ScriptedSocket.install();
  random = vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function begin() {
  const load = vi.fn(async () => ({ FramesOverHttp: StandIn }));
  const on = {
    opened: vi.fn(() => wire.send(hello)),
    frame: vi.fn((_: ServerFrame) => {}),
    down: vi.fn(),
  };
  const wire = connection("wss://chat.example/socket", on, load);
  wire.start();
  stop = wire.stop;
  return { wire, on, load };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const last = () => sockets.at(-1) as ScriptedSocket;
const ways = () => sockets.map((socket) => (socket instanceof StandIn ? "http" : "socket")).join(" ");

describe("which way", () => {
  it("takes HTTP when a WebSocket was refused twice in a row", async () => {
    const { on } = begin();
    last().cut();
    await pass(250);
    last().cut();
    await pass(500);
    expect(ways()).toBe("socket socket http");
    last().accept().say(welcome);
    expect(on.frame).toHaveBeenCalledTimes(1);
  });

  it("takes HTTP when a WebSocket did not open within 5 s, twice in a row", async () => {
    begin();
    await pass(5_000 + 250 + 5_000 + 500);
    expect(ways()).toBe("socket socket http");
  });

  it("takes HTTP when WebSockets open but the first frame never comes", async () => {
    begin();
    for (const wait of [250, 500]) {
      await pass(1_000);
      last().accept();
      await pass(10_000 + wait);
    }
    expect(ways()).toBe("socket socket http");
  });

  it("stays with WebSockets when one failed and the next works", async () => {
    const { load } = begin();
    last().cut();
    await pass(250);
    last().accept().say(welcome, pong);
    await pass(1000);
    last().cut();
    await pass(500);
    expect([ways(), load.mock.calls.length]).toEqual(["socket socket socket", 0]);
  });

  it("pings faster where silence is cut three times in a row, and then stays", async () => {
    begin();
    for (let cut = 0; cut < 3; cut++) {
      last().accept().say(welcome);
      await pass(10_000);
      last().cut();
      await pass(500);
    }
    last().accept().say(welcome);
    await pass(5_000);
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    expect(ways()).toBe("socket socket socket socket");
  });

  it("goes back to WebSockets when the stand-in says that they get through", async () => {
    begin();
    last().cut();
    await pass(250);
    last().cut();
    await pass(500);
    last().accept().say(welcome);
    await pass(20_000);
    last().cut(true);
    await pass(500);
    expect(ways()).toBe("socket socket http socket");
  });

  it("takes the other way where a proxy lets WebSockets open, then closes them in order", async () => {
    begin();
    last().accept().cut(true);
    await pass(250);
    last().accept().cut(true);
    await pass(500);
    expect(ways()).toBe("socket socket http");
  });

  it("does not blame the network for a server that says why it ends", async () => {
    const { wire, load } = begin();
    for (let restart = 0; restart < 6; restart++) {
      last().accept().say(welcome);
      wire.again(1000);
      await pass(1000);
    }
    expect(load).not.toHaveBeenCalled();
  });

  it("goes on with WebSockets when the other way cannot be loaded", async () => {
    const { load } = begin();
    load.mockRejectedValueOnce(new TypeError("no network"));
    for (const wait of [250, 500, 1000, 2000]) {
      last().cut();
      await pass(wait);
    }
    expect(ways()).toBe("socket socket socket socket http");
  });
});

describe("coming back", () => {
  it("waits a random part of what doubles up to thirty seconds", async () => {
    const { load } = begin();
    load.mockRejectedValue(new TypeError("no network"));
    const waitOf = async (share: number) => {
      random.mockReturnValue(share);
      last().cut();
      const [cutAt, before] = [Date.now(), sockets.length];
      while (sockets.length === before) await pass(10);
      return last().madeAt - cutAt;
    };
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) waits.push(await waitOf(1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(await waitOf(0.5)).toBe(15_000);
    expect(await waitOf(0)).toBe(0);
  });

  it("begins with short waits again only after a connection that said something and lived", async () => {
    begin();
    for (let attempt = 0; attempt < 4; attempt++) {
      last().accept(); // opens, says nothing
      last().cut();
      await pass(250 * 2 ** attempt);
    }
    const before = sockets.length;
    expect(before).toBe(5);
    last().accept().say(welcome);
    await pass(6_000);
    last().cut();
    await pass(249);
    expect(sockets).toHaveLength(before);
    await pass(1);
    expect(sockets).toHaveLength(before + 1);
  });

  it("proves itself within 5 s when the lid opens, and comes back at once", async () => {
    begin();
    last().accept().say(welcome);
    await pass(1_000);
    vi.setSystemTime(Date.now() + 9 * 3_600_000);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(last().sent.at(-1)).toEqual({ type: "ping" });
    await pass(5_000 + 250);
    expect(sockets).toHaveLength(2);
  });

  it("asks soon after waking even if nothing tells that the computer slept", async () => {
    begin();
    last().accept().say(welcome);
    vi.setSystemTime(Date.now() + 9 * 3_600_000); // timers stood still
    await pass(25_000 + 10_000 + 250);
    expect(sockets).toHaveLength(2);
  });

  it("does not wait out the back-off when looked at, unless the server asked for it", async () => {
    const { wire, load } = begin();
    load.mockRejectedValue(new TypeError("no network"));
    random.mockReturnValue(0.9);
    for (let attempt = 0; attempt < 6; attempt++) {
      last().cut();
      await pass(20_000);
    }
    last().cut();
    const before = sockets.length;
    document.dispatchEvent(new Event("visibilitychange"));
    expect(sockets).toHaveLength(before + 1);
    wire.again(60_000);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(sockets).toHaveLength(before + 1);
  });

  it("does not return with everyone else the moment the network is back", async () => {
    const { load } = begin();
    load.mockRejectedValue(new TypeError("no network"));
    random.mockReturnValue(0.9);
    for (let attempt = 0; attempt < 6; attempt++) {
      last().cut();
      await pass(20_000);
    }
    last().cut();
    const before = sockets.length;
    window.dispatchEvent(new Event("online"));
    await pass(899);
    expect(sockets).toHaveLength(before);
    await pass(1);
    expect(sockets).toHaveLength(before + 1);
  });
});
