import type { ConversationPage } from "@diskret/api";
import { call } from "../../api";

const PAGES = 10;

/** The open conversations that somebody is on, as far as a few pages reach. */
export async function conversationsOf(operator: string): Promise<string[]> {
  const found: string[] = [];
  let before: number | null = null;
  for (let page = 0; page < PAGES; page++) {
    const query = new URLSearchParams({ list: "all", limit: "200" });
    if (before !== null) query.set("before", String(before));
    const { items, next }: ConversationPage = await call<ConversationPage>("GET", `/api/conversations?${query}`);
    found.push(...items.filter((row) => row.assignee?.id === operator).map((row) => row.id));
    if (next === null) break;
    before = next;
  }
  return found;
}

/** Gives conversations back to whom they were taken from; what somebody else has taken meanwhile stays with them. */
export async function giveBack(ids: string[], operator: string): Promise<void> {
  for (const id of ids) {
    const path = `/api/conversations/${encodeURIComponent(id)}`;
    const row = await call<{ assignee: unknown }>("GET", path);
    if (row.assignee === null) await call("PUT", `${path}/assignment`, { operator });
  }
}
