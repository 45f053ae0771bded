// @vitest-environment happy-dom
import type { ClientFrame, ServerFrame } from "@diskret/api";
import { expect, it, vi } from "vitest";
import type { Hooks } from "../socket/connection";

const wire = vi.hoisted(() => ({ hooks: null as Hooks | null, ready: false, sent: [] as ClientFrame[] }));
const api = vi.hoisted(() => ({ answer: (_: string): unknown => Promise.reject(new Error("away")) }));
vi.mock("../api", async (original) => ({
  ...(await original<object>()),
  call: (_: string, path: string) => api.answer(path),
}));
vi.mock("../socket/connection", () => ({
  Connection: class {
    constructor(_: string, hooks: Hooks) {
      wire.hooks = hooks;
    }
    start() {}
    send(frame: ClientFrame) {
      if (wire.ready) wire.sent.push(frame);
      return wire.ready;
    }
  },
}));

import { ProblemError } from "../api";
import { live } from "./live.svelte";
import { rows } from "./rows.svelte";
import { threads } from "./threads.svelte";

function welcomed(): unknown[] {
  wire.ready = true;
  wire.sent = [];
  const limits = { text_characters: 10_000, frame_bytes: 65_536, in_flight: 1 };
  wire.hooks?.welcome({ type: "welcome", limits } as unknown as ServerFrame & { type: "welcome" });
  return wire.sent.filter((frame) => frame.type === "away");
}

it("says with the welcome whoever went away or came back since the hello", () => {
  live.start();
  expect(wire.hooks?.hello()).toMatchObject({ away: undefined });
  live.setAway(true);
  expect(welcomed()).toEqual([{ type: "away", on: true }]);
  wire.ready = false;
  expect(wire.hooks?.hello()).toMatchObject({ away: true });
  expect(welcomed()).toEqual([]);
  wire.ready = false;
  wire.hooks?.hello();
  live.setAway(false);
  expect(welcomed()).toEqual([{ type: "away", on: false }]);
  expect(welcomed()).toEqual([]);
});

it("shows nothing of what went while it was away: the open conversation, those opened before, and those of other lists", async () => {
  const row = (id: string) => ({ id, position: 1, state: "open", assignee: null, guests: [], preview: "Secret" });
  const page = { items: [], next: null, first: null, counts: { mine: 0, unassigned: 0, all: 0 } };
  let erased = false;
  api.answer = async (path) => {
    const [, id] = /^\/api\/conversations\/(\w+)/.exec(path) ?? [];
    if (id && erased) throw new ProblemError({ type: "about:blank", title: "Gone", status: 404, detail: "" });
    if (path.includes("/entries")) return page;
    return id ? row(id) : { ...page, items: erased ? [] : [row("one"), row("two")] };
  };
  live.start();
  welcomed();
  await rows.load("all", false, null);
  for (const id of ["two", "one"]) await live.show(id);
  expect(["one", "two"].map((id) => [threads.get(id).state, rows.all.get(id)?.preview])).toEqual([
    ["ready", "Secret"],
    ["ready", "Secret"],
  ]);
  expect(rows.loading("all", false).state).toBe("ready");
  erased = true;
  welcomed();
  await vi.waitFor(() => expect([threads.get("one").state, rows.all.get("one")]).toEqual(["gone", undefined]));
  expect(threads.get("two").timeline).toBeNull();
  expect(rows.loading("all", false).state).toBe("empty");
  await rows.load("all", false, null);
  expect(rows.all.get("two")).toBeUndefined();
});
