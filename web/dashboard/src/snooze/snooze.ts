import type { ConversationSummary } from "@diskret/api";
import { put } from "../conversation/actions";
import { until as said } from "../i18n/dates.svelte";
import { t } from "../i18n/index.svelte";
import { toasts } from "../shell/toasts.svelte";

const set = (id: string, until: number | null) =>
  put(id, "snooze", { until }, { snoozed_until: until, returned_at: null });

export async function snooze(row: ConversationSummary, at: Date): Promise<void> {
  const [before, micros] = [row.snoozed_until, at.getTime() * 1000];
  if (!(await set(row.id, micros))) return;
  toasts.show(t("snooze.done", { time: said(micros) }), () => void set(row.id, before));
}

export async function takeUp(row: ConversationSummary): Promise<void> {
  const before = row.snoozed_until;
  if (!(await set(row.id, null))) return;
  toasts.show(t("snooze.taken_up"), () => before && before > Date.now() * 1000 && void set(row.id, before));
}
