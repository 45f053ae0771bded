import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const at = (pathname: string, hash: string) => {
  const replaceState = vi.fn();
  vi.stubGlobal("location", { pathname, hash });
  vi.stubGlobal("history", { replaceState });
  return replaceState;
};

describe("the secret of a link", () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => vi.unstubAllGlobals());

  it("is taken out of the address when the page starts", async () => {
    const replaceState = at("/link", "#secret=abc-_123");
    expect((await import("./taken")).taken.secret).toBe("abc-_123");
    expect(replaceState).toHaveBeenCalledWith(null, "", "/link");
  });
  it("is looked for on its own page only", async () => {
    const replaceState = at("/setup", "#secret=abc");
    expect((await import("./taken")).taken.secret).toBe("");
    expect(replaceState).not.toHaveBeenCalled();
  });
  it("may be missing", async () => {
    at("/link", "#code=abc");
    expect((await import("./taken")).taken.secret).toBe("");
  });
});
