// @vitest-environment happy-dom
import type { ConversationSummary } from "@diskret/api";
import { beforeEach, expect, it, vi } from "vitest";

const call = vi.hoisted(() => vi.fn());
vi.mock("../api", async (original) => ({ ...(await original<object>()), call }));

import { session } from "../session/session.svelte";
import { rows } from "./rows.svelte";

const row = (position: number): ConversationSummary =>
  ({
    id: `c${position}`,
    position,
    mentioned: true,
    unread: 0,
    state: "open",
    guests: [],
  }) as unknown as ConversationSummary;
const counts = { mine: 0, unassigned: 0, all: 0 };

beforeEach(() => rows.clear());

it("asks for every page of the conversations in which a note names one", async () => {
  const pages: Record<string, object> = {
    "": { items: [row(9), row(8)], next: 8, counts },
    "8": { items: [], next: 5, counts },
    "5": { items: [row(2)], next: null, counts },
  };
  call.mockImplementation(
    (_, path: string) => pages[new URL(path, "https://desk.test").searchParams.get("before") ?? ""],
  );
  rows.put(row(2));
  rows.put(row(1));
  await rows.loadMentioned();
  const named = [...rows.all.values()].filter((one) => one.mentioned).map((one) => one.id);
  expect(named.sort()).toEqual(["c2", "c8", "c9"]);
  expect(call).toHaveBeenCalledTimes(3);
});

it("leaves what is known as it is where a page does not come", async () => {
  call.mockReset();
  call.mockResolvedValueOnce({ items: [row(9)], next: 9, counts }).mockRejectedValueOnce(new Error("away"));
  rows.put(row(1));
  await rows.loadMentioned();
  expect(rows.all.get("c1")?.mentioned).toBe(true);
});

it("counts a conversation that one was called to until one has looked, is on it no more, or it ended", () => {
  session.info = { operator: { id: "me", name: "Lena" } } as unknown as typeof session.info;
  const mine = { ...row(1), mentioned: false, assignee: { id: "me", name: "Lena" }, guests: [] };
  rows.put(mine);
  expect(rows.unread).toBe(0);
  rows.called.add("c1");
  expect(rows.unread).toBe(1);
  rows.put({ ...mine, position: 2, state: "ended" });
  expect(rows.unread).toBe(0);
  rows.put({ ...mine, position: 3 });
  expect(rows.unread).toBe(1);
  rows.put({ ...mine, position: 4, assignee: { id: "other", name: "Ben" } });
  rows.put({ ...mine, position: 5 });
  expect(rows.unread).toBe(0);
  rows.called.add("c1");
  rows.called.delete("c1");
  expect(rows.unread).toBe(0);
});
