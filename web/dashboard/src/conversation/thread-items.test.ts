import type { Entry } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { threadItems } from "./thread-items";

const start = Date.UTC(2026, 10, 22, 12) * 1000;
const message = (sequence: number, seconds: number, extra: object = {}): Entry =>
  ({
    type: "message",
    conversation: "c",
    sequence,
    visible: sequence,
    author: { kind: "operator", id: "ben" },
    note: false,
    text: "",
    at: start + seconds * 1_000_000,
    ...extra,
  }) as Entry;
const shape = (entries: Entry[], newFrom: number | null = null, seen = 0) =>
  threadItems(entries, newFrom, seen).map((item) =>
    item.kind === "message"
      ? `${item.entry.sequence}${item.first ? "<" : ""}${item.last ? ">" : ""}${item.seen ? "s" : ""}`
      : item.kind,
  );

describe("thread items", () => {
  it("begins every day with its name", () => {
    expect(shape([message(1, 0), message(2, 86_400)])).toEqual(["day", "1<>", "day", "2<>"]);
  });
  it("sets quick messages of one author as a group", () => {
    expect(shape([message(1, 0), message(2, 60), message(3, 300)])).toEqual(["day", "1<", "2>", "3<>"]);
  });
  it("parts groups at the line new, at another author and at notes", () => {
    expect(shape([message(1, 0), message(2, 1)], 2)).toEqual(["day", "1<>", "new", "2<>"]);
    expect(shape([message(1, 0), message(2, 1, { author: { kind: "visitor" } })])).toEqual(["day", "1<>", "2<>"]);
    expect(shape([message(1, 0), message(2, 1, { note: true })])).toEqual(["day", "1<>", "2<>"]);
  });
  it("shows how far the visitor has seen inside a group", () => {
    expect(shape([message(1, 0), message(2, 1), message(3, 2)], null, 2)).toEqual(["day", "1<s", "2>s", "3>"]);
  });
  it("has no line of its own for a correction, and none between what belongs together", () => {
    const edited = { ...message(2, 1), type: "event", event: "edited", of: 1, operator: null } as Entry;
    expect(shape([message(1, 0), edited, message(3, 2)])).toEqual(["day", "1<", "3>"]);
    const ended = { ...message(2, 1), type: "event", event: "ended", operator: null } as Entry;
    expect(shape([message(1, 0), ended])).toEqual(["day", "1<>", "event"]);
  });
  it("knows what was erased from what was taken back", () => {
    const gone = (of: number, event: string) =>
      ({ ...message(of + 2, 1), type: "event", event, of }) as unknown as Entry;
    const items = threadItems([message(1, 0), message(2, 0), gone(1, "erased"), gone(2, "recalled")], null, 0);
    expect(items.flatMap((item) => (item.kind === "message" ? [item.erased] : []))).toEqual([true, false]);
  });
  it("never calls a note seen", () => {
    expect(shape([message(1, 0, { note: true })], null, 9)).toEqual(["day", "1<>"]);
  });
});
