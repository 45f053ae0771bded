// @vitest-environment happy-dom
import type { ClientFrame, ServerFrame } from "@diskret/api";
import { expect, it, vi } from "vitest";
import type { Hooks } from "../socket/connection";

const wire = vi.hoisted(() => ({ hooks: null as Hooks | null, ready: false, sent: [] as ClientFrame[] }));
vi.mock("../api", async (original) => ({
  ...(await original<object>()),
  call: () => Promise.reject(new Error("away")),
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

import { live } from "./live.svelte";

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
