import type { ConversationSummary } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { longestWaiting } from "./waiting";

const row = (id: string, waiting_since: number | null, rest: Partial<ConversationSummary> = {}) =>
  ({
    id,
    waiting_since,
    state: "open",
    assignee: null,
    guests: [],
    snoozed_until: null,
    last_at: 0,
    ...rest,
  }) as ConversationSummary;
const me = { id: "me", name: "Ben" };

describe("who waits longest", () => {
  it("is whoever has waited longest, not who wrote first or last", () => {
    expect(longestWaiting([row("b", 20), row("a", 10, { last_at: 99 }), row("c", 30)], "me")?.id).toBe("a");
  });
  it("is nobody's or one's own", () => {
    const other = { id: "other", name: "Lena" };
    expect(longestWaiting([row("a", 10, { assignee: other }), row("b", 20, { assignee: me })], "me")?.id).toBe("b");
  });
  it("is nobody who was answered, who is put off, or whose conversation ended", () => {
    const all = [row("a", null), row("b", 10, { snoozed_until: 99 }), row("c", 10, { state: "ended" })];
    expect(longestWaiting(all, "me")).toBeNull();
  });
});
