import { t } from "../i18n/index.svelte";
import { session } from "../session/session.svelte";
import { conversationPath } from "../shell/route";
import { router } from "../shell/router.svelte";
import { toasts } from "../shell/toasts.svelte";
import { rows } from "./rows.svelte";
import { longestWaiting } from "./waiting";

/** The lists are loaded from their top, and whoever waits longest may stand at their end. */
async function loadAll(list: "mine" | "unassigned"): Promise<void> {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const { state, next } = rows.loading(list, false);
    if (state === "failed" || next === null || next >= before) return;
    before = next;
    await rows.more(list, false);
  }
}

export async function openLongestWaiting(): Promise<void> {
  await Promise.all([loadAll("mine"), loadAll("unassigned")]);
  const row = longestWaiting(rows.all.values(), session.me);
  if (row) router.go(conversationPath(row.id));
  else toasts.show(t("find.nobody"));
}
