import type { ConversationSummary, GroupRef, OperatorRef } from "@diskret/api";
import { asProblem, call } from "../api";
import { explain } from "../i18n/errors";
import { t } from "../i18n/index.svelte";
import { router } from "../shell/router.svelte";
import { toasts } from "../shell/toasts.svelte";
import { freshSender } from "../socket/sender";
import { rows } from "./rows.svelte";
import { threads } from "./threads.svelte";

const path = (id: string, what: string) => `/api/conversations/${encodeURIComponent(id)}/${what}`;

/** Shown at once, taken back if the server disagrees. */
export async function put(
  id: string,
  what: string,
  body: unknown,
  shown: Partial<ConversationSummary>,
  quiet = false, // many at once say together how many failed
  method: "PUT" | "PATCH" | "DELETE" = "PUT",
): Promise<boolean> {
  const before = rows.all.get(id);
  rows.change(id, shown);
  try {
    const now = await call<ConversationSummary | undefined>(method, path(id, what), body);
    if (now) rows.put(now);
    else leave(id);
    return true;
  } catch (error) {
    const now = rows.all.get(id);
    if (before && now?.position === before.position) rows.change(id, before);
    const problem = asProblem(error);
    if (problem.status !== 401 && !quiet) toasts.fail(explain(problem));
    return false;
  }
}

/** Whoever gives away what they could see only because it was theirs sees it no more. */
function leave(id: string): void {
  rows.remove(id);
  threads.gone(id);
  const { route } = router;
  if (route.name === "messages" && route.conversation === id) router.go("/", true);
}

export const isReached = (id: string) => rows.all.has(id);

let handed = { conversation: "", text: "", sender: "" };

/** A note under a name of its own, which it keeps until it is stored: one that is sent again is stored once. */
function withNote(conversation: string, text: string) {
  if (text === "") return {};
  if (handed.conversation !== conversation || handed.text !== text)
    handed = { conversation, text, sender: freshSender() };
  return { note: { sender: handed.sender, text } };
}

/** Says whether it is so now. */
export async function assign(row: ConversationSummary, to: OperatorRef | null, note = ""): Promise<boolean> {
  const from = row.assignee;
  if (from?.id === to?.id && note === "") return true;
  if (!(await put(row.id, "assignment", { operator: to?.id ?? null, ...withNote(row.id, note) }, { assignee: to })))
    return false;
  handed.text = "";
  const text = to ? t("conversation.assigned", { name: to.name }) : t("conversation.unassigned");
  if (!isReached(row.id)) toasts.show(`${text}. ${t("conversation.out_of_reach")}`);
  else toasts.show(text, () => void put(row.id, "assignment", { operator: from?.id ?? null }, { assignee: from }));
  return true;
}

/** A group's conversation is nobody's until one of the group takes it. */
export async function hand(row: ConversationSummary, to: GroupRef | null, note = ""): Promise<boolean> {
  const { group, assignee } = row;
  if (group?.id === to?.id && note === "") return true;
  const body = { group: to?.id ?? null, ...withNote(row.id, note) };
  if (!(await put(row.id, "assignment", body, { group: to, assignee: null }))) return false;
  handed.text = "";
  const text = to ? t("conversation.handed", { name: to.name }) : t("conversation.handed.everybody");
  if (!isReached(row.id)) toasts.show(`${text}. ${t("conversation.out_of_reach")}`);
  else
    toasts.show(text, async () => {
      const back = await put(row.id, "assignment", { group: group?.id ?? null }, { group });
      if (back && assignee) await put(row.id, "assignment", { operator: assignee.id }, { assignee });
    });
  return true;
}

export async function end(row: ConversationSummary): Promise<void> {
  if (!(await put(row.id, "state", { state: "ended" }, { state: "ended", waiting_since: null }))) return;
  const name = t("conversation.visitor", { label: row.label });
  toasts.show(t("conversation.ended", { name }), () => void reopen(row));
}

/** What erasing takes is loaded when somebody does it. */
export const erasing = () => import("../privacy/erase");

export async function erase(row: ConversationSummary): Promise<void> {
  await (await erasing()).eraseConversation(row);
}

export async function reopen(row: ConversationSummary): Promise<void> {
  await put(row.id, "state", { state: "open" }, { state: "open" });
}
