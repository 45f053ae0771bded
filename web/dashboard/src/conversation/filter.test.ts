import type { ConversationSummary } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { count, everything, passes, readFilter, writeFilter } from "./filter";

const NOW = 1_700_000_000_000;
const row = (changes: Partial<ConversationSummary>) =>
  ({
    state: "open",
    language: "de",
    group: null,
    guests: [],
    topics: [],
    snoozed_until: null,
    unread: 0,
    waiting_since: null,
    ...changes,
  }) as ConversationSummary;

describe("a filter", () => {
  it("stands in the address and is read from it", () => {
    const filter = {
      state: "new",
      language: "en",
      group: "abc",
      topic: "xyz",
      unread: true,
      snoozed: true,
      waiting: 15,
    } as const;
    expect(writeFilter(filter)).toBe("?state=new&language=en&group=abc&topic=xyz&unread=yes&snoozed=yes&waiting=15");
    expect(readFilter(writeFilter(filter))).toEqual(filter);
    expect(count(filter)).toBe(7);
    expect(writeFilter(everything)).toBe("");
    expect(readFilter("")).toEqual(everything);
  });
  it("hides nothing for words that it does not know", () => {
    expect(readFilter("?state=ended&language=fr&waiting=-3&unread=no&x=1")).toEqual(everything);
    expect(readFilter("?waiting=1e9").waiting).toBe(0);
  });
  it("shows what fits all of it", () => {
    const since = (minutes: number) => (NOW - minutes * 60_000) * 1000;
    expect(passes(row({}), everything, NOW)).toBe(true);
    expect(passes(row({ state: "pending" }), { ...everything, state: "new" }, NOW)).toBe(false);
    expect(passes(row({ language: "en" }), { ...everything, language: "de" }, NOW)).toBe(false);
    expect(passes(row({ group: { id: "g", name: "G" } }), { ...everything, group: "g" }, NOW)).toBe(true);
    expect(passes(row({}), { ...everything, group: "g" }, NOW)).toBe(false);
    expect(passes(row({ snoozed_until: 1 }), everything, NOW)).toBe(false);
    expect(passes(row({ snoozed_until: 1 }), { ...everything, snoozed: true }, NOW)).toBe(true);
    expect(passes(row({}), { ...everything, snoozed: true }, NOW)).toBe(false);
    const topics = [{ id: "t", name: "T", colour: 1 }];
    expect(passes(row({ topics }), { ...everything, topic: "t" }, NOW)).toBe(true);
    expect(passes(row({ topics }), { ...everything, topic: "u" }, NOW)).toBe(false);
    expect(passes(row({}), { ...everything, topic: "t" }, NOW)).toBe(false);
    expect(passes(row({ unread: 1 }), { ...everything, unread: true }, NOW)).toBe(true);
    expect(passes(row({}), { ...everything, unread: true }, NOW)).toBe(false);
    expect(passes(row({ waiting_since: since(6) }), { ...everything, waiting: 5 }, NOW)).toBe(true);
    expect(passes(row({ waiting_since: since(5) }), { ...everything, waiting: 5 }, NOW)).toBe(false);
    expect(passes(row({}), { ...everything, waiting: 5 }, NOW)).toBe(false);
  });
});
