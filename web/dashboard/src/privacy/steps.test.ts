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
  it("is let go on by somebody else, by oneself only as the owner and a day later", () => {
    const braked = erasure({ state: "braked", requested_at: 1_000, requested_by: { id: "me", name: "Ben" } });
    const later = 24 * 3_600_000 + 1;
    expect(mayRelease(braked, { id: "me", role: "owner" }, later - 1)).toBe(false);
    expect(mayRelease(braked, { id: "me", role: "owner" }, later)).toBe(true);
    expect(mayRelease(braked, { id: "me", role: "manager" }, later * 9)).toBe(false);
    expect(mayRelease(braked, { id: "other", role: "manager" }, 1)).toBe(true);
    expect(mayRelease(erasure({}), { id: "other", role: "owner" }, 1)).toBe(false);
  });
});
