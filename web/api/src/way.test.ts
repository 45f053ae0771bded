import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type SocketKind, Way } from "./way";

class Socket {}
const standIn = class {} as unknown as SocketKind;
const load = vi.fn(async (_: number) => ({ FramesOverHttp: standIn }));

beforeEach(() => {
  vi.stubGlobal("WebSocket", Socket);
  load.mockClear();
});
afterEach(() => vi.unstubAllGlobals());

const tick = () => new Promise((done) => setTimeout(done));

it("takes the stand-in when no frame came twice in a row", async () => {
  const way = new Way(load);
  way.judge(false, 0);
  await tick();
  expect([way.vehicle, load.mock.calls.length]).toEqual([Socket, 0]);
  way.judge(false, 0);
  await tick();
  expect(way.vehicle).toBe(standIn);
});

it("stays with the WebSocket when one in between proved itself", async () => {
  const way = new Way(load);
  for (let times = 0; times < 5; times++) {
    way.judge(false, 0);
    way.proven();
  }
  await tick();
  expect(load).not.toHaveBeenCalled();
});

it("pings faster than silence is cut, before it gives up on the WebSocket", async () => {
  const way = new Way(load);
  for (let cut = 0; cut < 2; cut++) way.judge(false, 10_000);
  expect(way.rhythm).toBe(25_000); // may be chance
  way.judge(false, 10_000);
  expect([way.rhythm, way.vehicle]).toEqual([5_000, Socket]);
  way.proven();
  for (let cut = 0; cut < 3; cut++) way.judge(false, 4_000);
  expect(way.rhythm).toBe(2_000);
  for (let cut = 0; cut < 3; cut++) way.judge(false, 1_900);
  await tick();
  expect([way.rhythm, way.vehicle]).toEqual([2_000, standIn]);
});

it("is not deceived by a proxy that lets a WebSocket open and then closes it in order", async () => {
  const way = new Way(load);
  for (let times = 0; times < 2; times++) way.judge(true, 0);
  await tick();
  expect(way.vehicle).toBe(standIn);
});

it("pings faster where a proxy closes what is silent in order", () => {
  const way = new Way(load);
  for (let cut = 0; cut < 3; cut++) way.judge(true, 10_000);
  expect([way.rhythm, way.vehicle]).toEqual([5_000, Socket]);
});

it("goes back to the WebSocket when the stand-in says that one gets through, or gets nowhere itself", async () => {
  const way = new Way(load);
  const detour = async () => {
    for (let times = 0; times < 2; times++) way.judge(false, 0);
    await tick();
    expect(way.vehicle).toBe(standIn);
  };
  await detour();
  way.judge(true, 0); // a frame came in this very millisecond
  expect(way.vehicle).toBe(Socket);
  await detour();
  for (let times = 0; times < 2; times++) way.judge(false, 0);
  expect(way.vehicle).toBe(Socket);
  way.judge(false, 0); // once is enough to go back to what worked
  await tick();
  expect(way.vehicle).toBe(standIn);
});

it("asks for the stand-in again when it could not be loaded", async () => {
  const way = new Way(load);
  load.mockRejectedValueOnce(new Error("no network"));
  for (let times = 0; times < 2; times++) way.judge(false, 0);
  await tick();
  expect(way.vehicle).toBe(Socket);
  for (let times = 0; times < 2; times++) way.judge(false, 0);
  await tick();
  expect([way.vehicle, load.mock.calls]).toEqual([standIn, [[0], [1]]]); // a new address, where a failure is remembered
});
