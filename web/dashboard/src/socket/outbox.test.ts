import { describe, expect, it } from "vitest";
import { type Item, Outbox } from "./outbox";

function filled(count: number, limit = 4): Outbox {
  const outbox = new Outbox();
  outbox.setLimit(limit);
  for (let n = 1; n <= count; n++) outbox.add("c", `text ${n}`, false, 0);
  return outbox;
}
const counters = (items: Item[]) => items.map((item) => item.counter);
const texts = (items: Item[]) => items.map((item) => `${item.counter} ${item.text}`);

describe("outbox", () => {
  it("counts from 1 in every conversation", () => {
    const outbox = filled(2);
    outbox.add("d", "other", true, 0);
    expect(outbox.due(0).map((item) => [item.conversation, item.counter])).toEqual([
      ["c", 1],
      ["c", 2],
      ["d", 1],
    ]);
  });

  it("sends no half of a character, at which the server would stumble each time", () => {
    const outbox = new Outbox();
    outbox.add("c", "a\ud800b\u{1f600}", false, 0);
    expect(texts(outbox.due(0))).toEqual(["1 a\ufffdb\u{1f600}"]);
  });

  it("keeps at most the allowed number in flight", () => {
    const outbox = filled(5, 2);
    expect(counters(outbox.due(0))).toEqual([1, 2]);
    expect(outbox.due(0)).toEqual([]);
    outbox.accept("c", 1);
    expect(counters(outbox.due(0))).toEqual([3]);
  });

  it("sends everything unacknowledged again in order after a lost connection, under the same counters", () => {
    const outbox = filled(3);
    outbox.due(0);
    outbox.accept("c", 1);
    outbox.lost();
    expect(texts(outbox.due(0))).toEqual(["2 text 2", "3 text 3"]);
  });

  it("takes a second acknowledgement for nothing", () => {
    const outbox = filled(1);
    outbox.due(0);
    expect(outbox.accept("c", 1)?.text).toBe("text 1");
    expect(outbox.accept("c", 1)).toBeNull();
    expect(outbox.accept("unknown", 1)).toBeNull();
  });

  it("waits as long as it is told and goes on from the first unacknowledged", () => {
    const outbox = filled(3);
    outbox.due(0);
    outbox.refuse({ conversation: "c", counter: 1, code: "rate_limited", retry_after_ms: 5000 }, 100);
    expect(outbox.due(5000)).toEqual([]);
    expect(outbox.pause(1100)).toBe(4000);
    expect(counters(outbox.due(5100))).toEqual([1, 2, 3]);
  });

  it("lets late gap answers to a limited batch do no harm", () => {
    const outbox = filled(3);
    outbox.due(0);
    outbox.refuse({ conversation: "c", counter: 1, code: "busy", retry_after_ms: 100 }, 0);
    outbox.refuse({ conversation: "c", counter: 2, code: "counter_gap", expected: 1 }, 1);
    outbox.refuse({ conversation: "c", counter: 3, code: "counter_gap", expected: 1 }, 2);
    expect(counters(outbox.due(1000))).toEqual([1, 2, 3]);
    expect(outbox.due(1000)).toEqual([]);
  });

  it("resumes at the counter that the server expects", () => {
    const outbox = filled(3);
    outbox.due(0);
    outbox.accept("c", 1);
    outbox.refuse({ conversation: "c", counter: 3, code: "counter_gap", expected: 2 }, 0);
    expect(counters(outbox.due(300))).toEqual([2, 3]);
  });

  it("follows a server that lost count instead of asking for ever", () => {
    const outbox = filled(3);
    outbox.due(0);
    outbox.accept("c", 1);
    outbox.refuse({ conversation: "c", counter: 2, code: "counter_gap", expected: 1 }, 0);
    expect(texts(outbox.due(300))).toEqual(["1 text 2", "2 text 3"]);
    outbox.add("c", "text 4", false, 0);
    expect(texts(outbox.due(300))).toEqual(["3 text 4"]);
  });

  it("halts where writing is forbidden, keeps every text, and starts again on demand", () => {
    const outbox = filled(2);
    outbox.due(0);
    outbox.refuse({ conversation: "c", counter: 1, code: "forbidden" }, 0);
    expect(outbox.due(0)).toEqual([]);
    expect(outbox.pending("c").map((item) => [item.state, item.problem])).toEqual([
      ["refused", "forbidden"],
      ["refused", "forbidden"],
    ]);
    outbox.add("c", "text 3", false, 0);
    expect(outbox.pending("c")[2]?.state).toBe("refused");
    outbox.retry("c");
    expect(counters(outbox.due(0))).toEqual([1, 2, 3]);
  });

  it("closes the gap that a refused text leaves", () => {
    const outbox = filled(3);
    outbox.due(0);
    outbox.refuse({ conversation: "c", counter: 1, code: "text_too_long" }, 0);
    expect(texts(outbox.due(0))).toEqual(["1 text 2", "2 text 3"]);
    const refused = outbox.pending("c")[0];
    expect(refused).toMatchObject({ text: "text 1", state: "refused" });
    expect(outbox.discard("c", refused?.key ?? 0)?.text).toBe("text 1");
    expect(outbox.pending("c")).toHaveLength(2);
  });

  it("never gives back what the server may hold: its counter is spent", () => {
    const outbox = filled(2);
    outbox.due(0);
    outbox.lost();
    outbox.due(0);
    outbox.refuse({ conversation: "c", counter: 1, code: "not_found" }, 0);
    const [first] = outbox.pending("c");
    expect(outbox.discard("c", first?.key ?? 0)).toBeNull();
    expect(outbox.size).toBe(2);
  });

  it("leaves refusals that concern no message to others", () => {
    expect(filled(1).refuse({ code: "rate_limited", retry_after_ms: 10 }, 0)).toBe(false);
  });
});
