import type { ConversationSummary } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { belongs, byActivity, departed, floorOf, neighbour, newer, renewed } from "./list-order";

const row = (id: string, extra: Partial<ConversationSummary> = {}) =>
  ({ id, state: "open", last_at: 0, position: 0, assignee: null, guests: [], ...extra }) as ConversationSummary;
const ben = { id: "ben", name: "Ben" };

describe("list order", () => {
  it("shows where a note names one among theirs, whoever has it, until they have looked", () => {
    const row = {
      assignee: { id: "lena", name: "Lena" },
      guests: [],
      state: "ended",
      mentioned: true,
    } as unknown as ConversationSummary;
    expect(belongs(row, "mine", false, "ben")).toBe(true);
    expect(belongs({ ...row, mentioned: false }, "mine", true, "ben")).toBe(false);
    expect(belongs(row, "unassigned", true, "ben")).toBe(false);
  });
  it("does not forget what the visitor has read when an older picture of it comes late", () => {
    const known = row("a", { visitor_seen: 9, mentioned: true });
    expect(renewed(undefined, row("a", { visitor_seen: 7 }))).toMatchObject({ visitor_seen: 7, mentioned: false });
    expect(renewed(known, row("a", { visitor_seen: 8 }))).toMatchObject({ visitor_seen: 9, mentioned: true });
    expect(renewed(known, row("a", { visitor_seen: 10, mentioned: false }))).toMatchObject({
      visitor_seen: 10,
      mentioned: false,
    });
  });
  it("puts the newest message first", () => {
    const rows = [row("a", { last_at: 1 }), row("b", { last_at: 3 }), row("c", { last_at: 2 })];
    expect(rows.sort(byActivity).map(({ id }) => id)).toEqual(["b", "c", "a"]);
  });
  it("does not move a conversation that was only read or assigned", () => {
    const rows = [row("a", { last_at: 1, position: 99 }), row("b", { last_at: 3, position: 2 })];
    expect(rows.sort(byActivity).map(({ id }) => id)).toEqual(["b", "a"]);
  });
  it("is the same whichever way rows came", () => {
    const rows = [row("b"), row("a"), row("c")];
    expect([...rows].sort(byActivity)).toEqual([...rows].reverse().sort(byActivity));
  });
  it("sorts by who has it and whether it ended", () => {
    const mine = row("a", { assignee: ben });
    expect(belongs(mine, "mine", false, "ben")).toBe(true);
    expect(belongs(mine, "mine", false, "lena")).toBe(false);
    expect(belongs(mine, "unassigned", false, "ben")).toBe(false);
    expect(belongs(row("b"), "unassigned", false, "ben")).toBe(true);
    expect(belongs(row("b", { state: "ended" }), "all", true, "ben")).toBe(true);
  });
  it("shows the ended beside the others when asked to", () => {
    expect(belongs(row("b"), "all", true, "ben")).toBe(true);
    expect(belongs(row("b", { state: "ended" }), "all", false, "ben")).toBe(false);
  });
  it("takes out what a page would name if it were still there, and nothing below the page", () => {
    const [high, gone, named, below] = [9, 7, 5, 2].map((position) => row(`p${position}`, { position })) as [
      ConversationSummary,
      ConversationSummary,
      ConversationSummary,
      ConversationSummary,
    ];
    const shown = [high, gone, named, below];
    const ids = (rows: ConversationSummary[]) => rows.map(({ id }) => id);
    expect(ids(departed(shown, { items: [high, named], next: 5 }, Infinity))).toEqual(["p7"]);
    expect(ids(departed(shown, { items: [high, named], next: null }, Infinity))).toEqual(["p7", "p2"]);
    expect(ids(departed(shown, { items: [named], next: 5 }, 7))).toEqual([]);
    expect(floorOf({ items: [high, named], next: 5 })).toBe(5);
    expect(floorOf({ items: [], next: null })).toBe(0);
  });
  it("refuses an older picture", () => {
    expect(newer(row("a", { position: 5 }), row("a", { position: 4 }))).toBe(false);
    expect(newer(row("a", { position: 5 }), row("a", { position: 5 }))).toBe(true);
    expect(newer(undefined, row("a"))).toBe(true);
  });
  it("walks with J and K and holds at the ends", () => {
    const ids = ["a", "b", "c"];
    expect(neighbour(ids, null, 1)).toBe("a");
    expect(neighbour(ids, null, -1)).toBe("c");
    expect(neighbour(ids, "b", 1)).toBe("c");
    expect(neighbour(ids, "c", 1)).toBe("c");
    expect(neighbour(ids, "a", -1)).toBe("a");
    expect(neighbour([], "a", 1)).toBeNull();
  });
});
