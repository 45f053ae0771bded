import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hold } from "./hold";

describe("what can still be taken back", () => {
  const sent: string[] = [];
  let hold: Hold;
  const write = (conversation: string, text: string) => hold.add(conversation, text, Date.now(), 5_000).key;

  beforeEach(() => {
    vi.useFakeTimers();
    sent.length = 0;
    hold = new Hold((items) => sent.push(...items.map((item) => item.text)));
  });
  afterEach(() => vi.useRealTimers());

  it("goes after its time, in the order in which it was written", () => {
    write("a", "one");
    vi.advanceTimersByTime(2_000);
    write("a", "two");
    vi.advanceTimersByTime(2_999);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual(["one"]);
    vi.advanceTimersByTime(2_000);
    expect(sent).toEqual(["one", "two"]);
    expect(hold.size).toBe(0);
  });
  it("never goes once it was taken", () => {
    const key = write("a", "wrong window");
    expect(hold.take(key)?.text).toBe("wrong window");
    expect(hold.take(key)).toBeNull();
    vi.advanceTimersByTime(60_000);
    expect(sent).toEqual([]);
  });
  it("takes what stands before it along when it goes at once, and nothing of other conversations", () => {
    write("a", "one");
    write("b", "other");
    const two = write("a", "two");
    write("a", "three");
    hold.letGo(two);
    expect(sent).toEqual(["one", "two"]);
    vi.advanceTimersByTime(5_000);
    expect(sent).toEqual(["one", "two", "other", "three"]);
  });
  it("goes at once and once when the page is left", () => {
    write("a", "one");
    write("b", "two");
    hold.letAllGo();
    hold.letAllGo();
    vi.advanceTimersByTime(60_000);
    expect(sent).toEqual(["one", "two"]);
  });
});
