import type { Entry } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { firstHeld, firstUnread, heldUpTo, openAt, prepend, receive } from "./timeline";

const message = (sequence: number, kind: "visitor" | "operator" = "visitor", extra: Partial<Entry> = {}): Entry =>
  ({
    type: "message",
    conversation: "c",
    sequence,
    visible: sequence,
    author: { kind },
    note: false,
    text: `${sequence}`,
    at: sequence,
    ...extra,
  }) as Entry;
const page = (...sequences: number[]) => ({ items: sequences.map((sequence) => message(sequence)), first: null });
const sequences = (timeline: { entries: readonly Entry[] }) => timeline.entries.map((entry) => entry.sequence);

describe("timeline", () => {
  it("takes what continues it", () => {
    const { timeline, outcome } = receive(openAt(page(4, 5)), message(6));
    expect(outcome).toBe("appended");
    expect(sequences(timeline)).toEqual([4, 5, 6]);
  });

  it("takes a repeated entry once", () => {
    const before = openAt(page(4, 5));
    expect(receive(before, message(5))).toEqual({ timeline: before, outcome: "known" });
    expect(receive(before, message(1)).outcome).toBe("known");
  });

  it("reports a gap and keeps its last contiguous sequence to ask from", () => {
    const before = openAt(page(4, 5));
    const { timeline, outcome } = receive(before, message(7));
    expect(outcome).toBe("gap");
    expect(heldUpTo(timeline)).toBe(5);
    const replayed = [6, 7].reduce((now, sequence) => receive(now, message(sequence)).timeline, timeline);
    expect(sequences(replayed)).toEqual([4, 5, 6, 7]);
  });

  it("starts at the first entry of an empty conversation", () => {
    const empty = openAt(page());
    expect(heldUpTo(empty)).toBe(0);
    expect(firstHeld(empty)).toBe(1);
    expect(receive(empty, message(1)).outcome).toBe("appended");
  });

  it("shows what was corrected in its newest text, and what was taken back as gone", () => {
    const event = (sequence: number, extra: object) => ({ ...message(sequence), type: "event", ...extra }) as Entry;
    const texts = (timeline: { entries: readonly Entry[] }) =>
      timeline.entries.map((entry) => (entry.type === "message" ? entry.text : entry.event));
    const corrected = receive(openAt(page(4, 5)), event(6, { event: "edited", of: 4, text: "anew" })).timeline;
    expect(texts(corrected)).toEqual(["anew", "5", "edited"]);
    const gone = receive(corrected, event(7, { event: "recalled", of: 5, text: undefined })).timeline;
    expect(texts(gone)).toEqual(["anew", "", "edited", "recalled"]);
    expect(texts(receive(gone, event(8, { event: "edited", of: 99, text: "x" })).timeline)[0]).toBe("anew");
  });

  it("puts older pages in front, without doubles", () => {
    expect(sequences(prepend(openAt(page(4, 5)), page(2, 3, 4)))).toEqual([2, 3, 4, 5]);
  });

  it("finds where the unread begin, counting the visitor's messages only", () => {
    const timeline = { entries: [message(1), message(2), message(3, "operator"), message(4), message(5)] };
    expect(firstUnread(timeline, 3)).toBe(2);
    expect(firstUnread(timeline, 1)).toBe(5);
    expect(firstUnread(timeline, 0)).toBeNull();
    expect(firstUnread(timeline, 99)).toBe(1);
  });
});
