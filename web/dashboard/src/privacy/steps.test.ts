import type { Erasure } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { isOpen, mayRelease, steps } from "./steps";

const erasure = (more: Partial<Erasure>): Erasure => ({
  id: "a",
  what: "conversation",
  cause: "operator",
  state: "waiting",
  requested_at: 1,
  destroy_at: 9_000_000,
  braked: false,
  conversations: 1,
  messages: 2,
  keys: 1,
  pending: [],
  ...more,
});

describe("an erasure", () => {
  it("has four steps, each done or not yet", () => {
    const all = steps(erasure({ state: "destroyed", shredded_at: 5, purged_at: 6, placed_at: null }));
    expect(all.map((step) => step.at)).toEqual([5, 6, null, null]);
  });
  it("has none where it was undone", () => {
    expect(steps(erasure({ state: "undone" }))).toEqual([]);
  });
  it("is undone only before anything is destroyed", () => {
    for (const state of ["waiting", "braked"] as const) expect(isOpen(erasure({ state }))).toBe(true);
    for (const state of ["undone", "working", "held", "destroyed", "done"] as const)
      expect(isOpen(erasure({ state }))).toBe(false);
  });
  it("is let go on by somebody else, by oneself only when its time has passed", () => {
    const braked = erasure({ state: "braked", requested_by: { id: "me", name: "Ben" } });
    expect(mayRelease(braked, "me", 8_999)).toBe(false);
    expect(mayRelease(braked, "me", 9_000)).toBe(true);
    expect(mayRelease(braked, "other", 1)).toBe(true);
    expect(mayRelease(erasure({}), "other", 1)).toBe(false);
  });
});
