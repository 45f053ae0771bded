// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IDLE_AFTER_MS, Presence } from "./presence.svelte";

const LOOK_MS = 15_000;

describe("whether an operator is at their desk", () => {
  let presence: Presence;

  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    presence = new Presence();
    presence.start();
  });
  afterEach(() => {
    presence.stop();
    vi.useRealTimers();
  });

  it("ends after ten minutes without input and is back with the next", () => {
    vi.advanceTimersByTime(IDLE_AFTER_MS - LOOK_MS);
    dispatchEvent(new Event("keydown"));
    vi.advanceTimersByTime(IDLE_AFTER_MS - 1);
    expect(presence.away).toBe(false);
    vi.advanceTimersByTime(LOOK_MS);
    expect(presence.away).toBe(true);
    dispatchEvent(new Event("pointermove"));
    expect(presence.away).toBe(false);
  });
  it("is what they say, whatever they touch, and holds after a reload and in every window", () => {
    presence.choose(true);
    dispatchEvent(new Event("keydown"));
    expect(presence.away).toBe(true);
    expect(new Presence().away).toBe(true);
    dispatchEvent(new StorageEvent("storage", { key: "diskret.away", newValue: "here" }));
    expect(presence.away).toBe(false);
  });
  it("is watched no more once they have gone", () => {
    presence.stop();
    vi.advanceTimersByTime(2 * IDLE_AFTER_MS);
    expect(presence.away).toBe(false);
  });
});
