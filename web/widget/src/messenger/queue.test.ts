import { describe, expect, it } from "vitest";
import { SendQueue } from "./queue";

function queue(texts: string[], inFlight = 2): SendQueue {
  const made = new SendQueue("00112233aabbccdd");
  made.inFlight = inFlight;
  for (const text of texts) made.push(text, false, 0);
  return made;
}
const sent = (q: SendQueue) => q.due().map(({ counter, text }) => `${counter}${text}`);

describe("SendQueue", () => {
  it("numbers from 1 without gaps and sends no more than the limit at once", () => {
    const q = queue(["a", "b", "c"]);
    expect(sent(q)).toEqual(["1a", "2b"]);
    expect(sent(q)).toEqual([]);
    q.stored(1);
    expect(sent(q)).toEqual(["3c"]);
  });

  it("sends everything unconfirmed again, in order and under the same counters, after a reconnect", () => {
    const q = queue(["a", "b", "c"], 8);
    q.due();
    q.stored(1);
    q.rewind();
    q.push("d", false, 0);
    expect(sent(q)).toEqual(["2b", "3c", "4d"]);
  });

  it("keeps the key of a message, whatever happens to its counter", () => {
    const q = queue(["a", "b"], 8);
    const key = q.pending[1]?.key;
    q.reject(1);
    expect(q.stored(1)?.key).toBe(key);
  });

  it("takes a second confirmation as an answer to a retry", () => {
    const q = queue(["a"]);
    expect(q.stored(1)?.text).toBe("a");
    expect(q.stored(1)).toBeUndefined();
  });

  it("sends again from the first unconfirmed when the server misses one of ours", () => {
    const q = queue(["a", "b", "c"], 8);
    q.due();
    q.expect(2);
    expect(sent(q)).toEqual(["1a", "2b", "3c"]);
  });

  it("renumbers when the server knows less than it once confirmed", () => {
    const q = queue(["a", "b", "c"], 8);
    q.due();
    q.stored(1);
    q.expect(1);
    expect(sent(q)).toEqual(["1b", "2c"]);
    expect(q.push("d", false, 0).counter).toBe(3);
  });

  it("closes the gap behind a message that is refused for good", () => {
    const q = queue(["a", "b", "c"], 8);
    q.due();
    expect(q.reject(2)?.text).toBe("b");
    expect(sent(q)).toEqual(["1a", "2c"]);
  });

  it("begins again at 1 for a new conversation", () => {
    const q = queue(["a", "b"], 8);
    q.due();
    q.stored(1);
    q.restart();
    expect(sent(q)).toEqual(["1b"]);
    q.stored(1);
    q.restart();
    expect(q.push("c", false, 0).counter).toBe(1);
  });

  it("takes over what another page load left", () => {
    const before = queue(["a", "b", "c"], 8);
    before.stored(1);
    const after = new SendQueue(before.sender);
    after.inFlight = 8;
    after.resume(before.pending, before.last);
    after.push("d", false, 0);
    expect(sent(after)).toEqual(["2b", "3c", "4d"]);
  });
});
