import { beforeEach, describe, expect, it, vi } from "vitest";
import { Memory } from "./memory";

function area() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

describe("Memory", () => {
  beforeEach(() => vi.stubGlobal("window", { localStorage: area(), sessionStorage: area() }));

  const left = { draft: "", sender: "00112233aabbccdd", counter: 1, pending: [] };

  it("goes on in the conversation that a page load left, although another window has begun one since", () => {
    const first = new Memory("w");
    first.token = "mine";
    first.leave({ ...left, draft: "unsent" });
    const other = new Memory("w");
    other.token = "theirs";
    other.keep();
    const next = new Memory("w");
    expect(next.token).toBe("theirs");
    expect(next.take()?.draft).toBe("unsent");
    expect(next.token).toBe("mine");
  });

  it("keeps its own token where nothing was left", () => {
    const one = new Memory("w");
    one.token = "mine";
    one.keep();
    const next = new Memory("w");
    expect(next.take()).toBeUndefined();
    expect(next.token).toBe("mine");
  });
});
