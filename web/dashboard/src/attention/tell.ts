import type { ConversationSummary } from "@diskret/api";
import { t } from "../i18n/index.svelte";
import { conversationPath } from "../shell/route";
import { router } from "../shell/router.svelte";
import { attention } from "./settings.svelte";
import { chime } from "./sound";

const QUIET_MS = 2_000; // several at once sound once
let soundedAt = 0;

/** Tells of a new message as its operator has chosen: with a sound, with a notification, or not at all. */
export function tellOf(row: ConversationSummary): void {
  if (attention.on("sound") && Date.now() - soundedAt > QUIET_MS) {
    soundedAt = Date.now();
    chime();
  }
  if (attention.on("notify") && canNotify()) notify(row);
}

export function canNotify(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

/** Asked for by a click only: browsers show it once, and whoever is asked unprepared says no for ever. */
export async function mayNotify(): Promise<boolean> {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

/** Says nothing of what was written unless its operator wants it: notifications stand on lock screens and in lists. */
function notify(row: ConversationSummary): void {
  const body = attention.on("preview") ? row.preview : undefined;
  try {
    const shown = new Notification(t(row.returned_at === null ? "attention.new" : "attention.returned"), {
      tag: row.id,
      body: body ?? undefined,
      silent: true,
    });
    shown.onclick = () => {
      window.focus();
      router.go(conversationPath(row.id));
      shown.close();
    };
  } catch {
    // Some phones know the word and show nothing; the count in the title stays.
  }
}
