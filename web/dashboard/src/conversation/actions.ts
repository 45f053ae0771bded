import type { ConversationSummary, GroupInfo, OperatorRef } from "@diskret/api";
import { asProblem, call } from "../api";
import { explain } from "../i18n/errors";
import { t } from "../i18n/index.svelte";
import { toasts } from "../shell/toasts.svelte";
import { rows } from "./rows.svelte";

const path = (id: string, what: string) => `/api/conversations/${encodeURIComponent(id)}/${what}`;

/** Shown at once, taken back if the server disagrees. */
export async function put(
  id: string,
  what: string,
  body: unknown,
  shown: Partial<ConversationSummary>,
  quiet = false, // many at once say together how many failed
): Promise<boolean> {
  const before = rows.all.get(id);
  rows.change(id, shown);
  try {
    rows.put(await call<ConversationSummary>("PUT", path(id, what), body));
    return true;
  } catch (error) {
    const now = rows.all.get(id);
    if (before && now?.position === before.position) rows.change(id, before);
    const problem = asProblem(error);
    if (problem.status !== 401 && !quiet) toasts.fail(explain(problem));
    return false;
  }
}

export async function assign(row: ConversationSummary, to: OperatorRef | null): Promise<void> {
  const from = row.assignee;
  if (from?.id === to?.id) return;
  if (!(await put(row.id, "assignment", { operator: to?.id ?? null }, { assignee: to }))) return;
  toasts.show(to ? t("conversation.assigned", { name: to.name }) : t("conversation.unassigned"), () => {
    void put(row.id, "assignment", { operator: from?.id ?? null }, { assignee: from });
  });
}

/** Handed to a group, nobody is on it; undone, it is with whoever had it. */
export async function handOver(row: ConversationSummary, to: GroupInfo | null): Promise<void> {
  const { assignee, group } = row;
  if (group?.id === to?.id) return;
  if (!(await put(row.id, "assignment", { group: to?.id ?? null }, { group: to, assignee: null }))) return;
  toasts.show(to ? t("event.grouped", { name: to.name }) : t("event.grouped.everybody"), () => {
    void put(row.id, "assignment", { group: group?.id ?? null }, { group, assignee: null }).then((done) => {
      if (done && assignee) void put(row.id, "assignment", { operator: assignee.id }, { assignee });
    });
  });
}

export async function end(row: ConversationSummary): Promise<void> {
  if (!(await put(row.id, "state", { state: "ended" }, { state: "ended", waiting_since: null }))) return;
  const name = t("conversation.visitor", { label: row.label });
  toasts.show(t("conversation.ended", { name }), () => void reopen(row));
}

export async function reopen(row: ConversationSummary): Promise<void> {
  await put(row.id, "state", { state: "open" }, { state: "open" });
}
