import { describe, expect, it } from "vitest";
import { type Placed, Timeline } from "./timeline";

function entry(sequence: number, conversation = "c1"): Placed {
  const author = { kind: "operator" as const };
  const text = `m${sequence}`;
  return {
    entry: { type: "message", conversation, sequence, author, note: false, text, at: sequence },
    key: text,
    masked: false,
  };
}
const keys = (timeline: Timeline) => timeline.entries.map(({ key }) => key);

describe("Timeline", () => {
  it("places what follows and drops what it has", () => {
    const t = new Timeline();
    t.begin(false);
    expect([1, 2, 2, 1, 3].map((n) => t.place(entry(n)))).toEqual(["placed", "placed", "known", "known", "placed"]);
    expect(keys(t)).toEqual(["m1", "m2", "m3"]);
  });

  it("holds back what comes too early and settles when the gap is filled", () => {
    const t = new Timeline();
    t.begin(false);
    t.place(entry(1));
    expect(t.place(entry(4))).toBe("ahead");
    expect(t.place(entry(3))).toBe("ahead");
    expect([t.gap, t.last]).toEqual([true, 1]);
    expect(t.place(entry(2))).toBe("placed");
    expect([t.gap, t.last]).toEqual([false, 4]);
    expect(keys(t)).toEqual(["m1", "m2", "m3", "m4"]);
  });

  it("has the newest text of what was corrected, and none of what was taken back", () => {
    const t = new Timeline();
    t.begin(false);
    const event = (sequence: number, of: number, text: string): Placed => {
      const { conversation, at } = entry(sequence).entry;
      const kind = text ? ("edited" as const) : ("recalled" as const);
      const what = { type: "event" as const, conversation, sequence, at, event: kind, operator: null, of, text };
      return { entry: what, key: `m${sequence}`, masked: false };
    };
    const team = (sequence: number) => ({ ...entry(sequence), key: `c1.${sequence}` });
    for (const placed of [team(1), team(2), event(4, 2, ""), event(3, 1, "anew")]) t.place(placed);
    expect(t.entries.map(({ entry }) => (entry.type === "message" ? entry.text : ""))).toEqual(["anew", ""]);
    expect(t.last).toBe(4);
  });

  it("insists on number 1 in a conversation that it sees begin", () => {
    const t = new Timeline();
    t.begin(false);
    expect(t.place(entry(2))).toBe("ahead");
    t.place(entry(1));
    expect(keys(t)).toEqual(["m1", "m2"]);
  });

  it("lets the first replay begin where the server's memory begins", () => {
    const t = new Timeline();
    t.begin(true);
    t.place(entry(7));
    t.place(entry(8));
    t.complete(8);
    expect([keys(t), t.gap]).toEqual([["m7", "m8"], false]);
  });

  it("accepts a hole that a complete replay did not fill, and asks no more", () => {
    const t = new Timeline();
    t.begin(false);
    t.place(entry(1));
    t.place(entry(5));
    t.complete(5);
    expect([keys(t), t.gap, t.last]).toEqual([["m1", "m5"], false, 5]);
  });

  it("keeps waiting for what is newer than the replay", () => {
    const t = new Timeline();
    t.begin(false);
    t.place(entry(1));
    t.place(entry(4));
    t.complete(2);
    expect([t.gap, t.last]).toEqual([true, 2]);
    t.place(entry(3));
    expect(keys(t)).toEqual(["m1", "m3", "m4"]);
  });

  it("counts the next conversation from its own beginning and keeps the one before in view", () => {
    const t = new Timeline();
    t.begin(false);
    t.place(entry(1));
    t.place(entry(2));
    expect(t.place(entry(1, "c2"))).toBe("placed");
    expect(t.entries).toHaveLength(3);
    expect(t.last).toBe(1);
  });
});
