import type { ConversationSummary, ServerFrame } from "@diskret/api";
import { t } from "../i18n/index.svelte";
import { conversationPath } from "../shell/route";
import { router } from "../shell/router.svelte";
import { toasts } from "../shell/toasts.svelte";
import { attention } from "./settings.svelte";
import { chime } from "./sound";

const QUIET_MS = 2_000; // several at once sound once
let soundedAt = 0;

/** Tells of a new message as its operator has chosen: with a sound, with a notification, or not at all. */
export function tellOf(row: ConversationSummary): void {
  sound();
  if (attention.on("notify") && canNotify()) {
    const body = attention.on("preview") ? row.preview : undefined;
    notify(row, t(row.returned_at === null ? "attention.new" : "attention.returned"), body);
  }
}

/** A colleague calls: said on the screen in any case, and as chosen where nobody looks. Notes stay inside. */
export function tellCall(
  row: ConversationSummary,
  { why, name }: ServerFrame & { type: "called" },
  quietly: boolean,
): void {
  const text = t(`called.${why}`, { name, visitor: t("conversation.visitor", { label: row.label }) });
  toasts.show(text);
  if (quietly) return;
  sound();
  if (attention.on("notify") && canNotify()) notify(row, text, undefined);
}

function sound(): void {
  if (!attention.on("sound") || Date.now() - soundedAt <= QUIET_MS) return;
  soundedAt = Date.now();
  chime();
}

export function canNotify(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

/** Asked for by a click only: browsers show it once, and whoever is asked unprepared says no for ever. */
export async function mayNotify(): Promise<boolean> {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

/** Says nothing of what was written unless its operator wants it: notifications stand on lock screens and in lists. */
function notify(row: ConversationSummary, title: string, body: string | undefined): void {
  try {
    const shown = new Notification(title, { tag: row.id, body, silent: true });
    shown.onclick = () => {
      window.focus();
      router.go(conversationPath(row.id));
      shown.close();
    };
  } catch {
    // Some phones know the word and show nothing; the count in the title stays.
  }
}
