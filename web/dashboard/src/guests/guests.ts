import type { ConversationSummary, OperatorRef } from "@diskret/api";
import { isReached, put } from "../conversation/actions";
import { t } from "../i18n/index.svelte";
import { session } from "../session/session.svelte";
import { toasts } from "../shell/toasts.svelte";

const place = (one: OperatorRef) => `guests/${encodeURIComponent(one.id)}`;
const without = (row: ConversationSummary, one: OperatorRef) => row.guests.filter((guest) => guest.id !== one.id);
const ask = (row: ConversationSummary, one: OperatorRef) =>
  put(row.id, place(one), undefined, { guests: [...without(row, one), one] });
const release = (row: ConversationSummary, one: OperatorRef) =>
  put(row.id, place(one), undefined, { guests: without(row, one) }, false, "DELETE");

/** Asks a colleague in. Says whether they are in now. */
export async function invite(row: ConversationSummary, one: OperatorRef): Promise<boolean> {
  if (!(await ask(row, one))) return false;
  toasts.show(t("guests.invited", { name: one.name }), () => void release(row, one));
  return true;
}

/** Lets a guest go, or goes. */
export async function letGo(row: ConversationSummary, one: OperatorRef): Promise<void> {
  if (!(await release(row, one))) return;
  // Nobody asks themselves in again.
  if (one.id !== session.me) toasts.show(t("guests.removed", { name: one.name }), () => void ask(row, one));
  else toasts.show(isReached(row.id) ? t("guests.left") : `${t("guests.left")}. ${t("conversation.out_of_reach")}`);
}
