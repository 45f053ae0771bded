import type { ConversationSummary } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { isNews } from "./news";

const row = (changes: Partial<ConversationSummary>) =>
  ({
    id: "a",
    state: "open",
    assignee: null,
    unread: 1,
    preview_from: "visitor",
    guests: [],
    returned_at: null,
    ...changes,
  }) as ConversationSummary;
const around = { me: "ben", looksAt: null, away: false };

describe("what an operator is told of", () => {
  it("is a visitor's new message that is theirs or nobody's", () => {
    expect(isNews(undefined, row({}), around)).toBe(true);
    expect(isNews(row({ unread: 1 }), row({ unread: 2 }), around)).toBe(true);
    expect(isNews(undefined, row({ assignee: { id: "ben", name: "Ben" } }), around)).toBe(true);
    expect(isNews(undefined, row({ assignee: { id: "lena", name: "Lena" } }), around)).toBe(false);
  });
  it("is nothing that changed otherwise", () => {
    expect(isNews(row({ unread: 1 }), row({ unread: 1 }), around)).toBe(false);
    expect(isNews(row({ unread: 2 }), row({ unread: 0 }), around)).toBe(false);
    expect(isNews(undefined, row({ unread: 1, preview_from: "operator" }), around)).toBe(false);
    expect(isNews(undefined, row({ state: "ended" }), around)).toBe(false);
  });
  it("is what is back after it was put off, once", () => {
    const back = row({ unread: 0, returned_at: 7 });
    expect(isNews(row({ unread: 0 }), back, around)).toBe(true);
    expect(isNews(undefined, back, around)).toBe(true);
    expect(isNews(back, { ...back, position: 9 }, around)).toBe(false);
    expect(isNews(undefined, row({ ...back, assignee: { id: "lena", name: "Lena" } }), around)).toBe(false);
    expect(isNews(row({}), back, { ...around, away: true })).toBe(false);
  });
  it("is not what is on the screen, and nothing while they are away", () => {
    expect(isNews(undefined, row({}), { ...around, looksAt: "a" })).toBe(false);
    expect(isNews(undefined, row({}), { ...around, looksAt: "b" })).toBe(true);
    expect(isNews(undefined, row({}), { ...around, away: true })).toBe(false);
  });
});
