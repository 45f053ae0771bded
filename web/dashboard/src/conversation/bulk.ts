import type { ConversationSummary, OperatorRef } from "@diskret/api";
import { tn } from "../i18n/index.svelte";
import { toasts } from "../shell/toasts.svelte";
import { put } from "./actions";
import { rows } from "./rows.svelte";
import { selection } from "./selection.svelte";

const AT_ONCE = 4;

type Step = (row: ConversationSummary) => Promise<boolean>;

export const chosen = (): ConversationSummary[] =>
  [...selection.ids].map((id) => rows.all.get(id)).filter((row) => row !== undefined);

/** A few at once, so that a hundred neither take a hundred round trips nor crowd everybody else out. */
async function each(all: readonly ConversationSummary[], step: Step): Promise<ConversationSummary[]> {
  const left = [...all];
  const done: ConversationSummary[] = [];
  const work = async () => {
    for (let row = left.shift(); row; row = left.shift()) if (await step(row)) done.push(row);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return done;
}

export async function run(
  all: ConversationSummary[],
  step: Step,
  back: Step,
  said: (n: number) => string,
): Promise<void> {
  selection.clear();
  const done = await each(all, step);
  if (done.length > 0) toasts.show(said(done.length), () => void each(done, back));
  if (done.length < all.length) toasts.fail(tn("bulk.failed", all.length - done.length));
}

const assignment = (row: ConversationSummary, to: OperatorRef | null) =>
  put(row.id, "assignment", { operator: to?.id ?? null }, { assignee: to }, true);

export function assignAll(to: OperatorRef | null): Promise<void> {
  const all = chosen().filter((row) => row.assignee?.id !== to?.id);
  const said = (n: number) => (to ? tn("bulk.assigned", n, { name: to.name }) : tn("bulk.unassigned", n));
  return run(
    all,
    (row) => assignment(row, to),
    (row) => assignment(row, row.assignee),
    said,
  );
}

export function endAll(): Promise<void> {
  const all = chosen().filter((row) => row.state !== "ended");
  const end: Step = (row) => put(row.id, "state", { state: "ended" }, { state: "ended", waiting_since: null }, true);
  const reopen: Step = (row) => put(row.id, "state", { state: "open" }, { state: "open" }, true);
  return run(all, end, reopen, (n) => tn("bulk.ended", n));
}
