import { session } from "../session/session.svelte";
import { mayErase } from "../shell/may-see";
import { conversationPath } from "../shell/route";
import { router } from "../shell/router.svelte";
import { toasts } from "../shell/toasts.svelte";
import { openTopics } from "../topics/open";
import { end, erase } from "./actions";
import { edits } from "./edits.svelte";
import { handles } from "./handles";
import { neighbour } from "./list-order";
import { rows } from "./rows.svelte";
import { selection } from "./selection.svelte";
import { undoSending } from "./take-back";

/** Single keys of the message centre. They rest while somebody types or a dialog or menu is open. */
export function pressed(event: KeyboardEvent, conversation: string | null, person: boolean): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const target = event.target as Element;
  if (target.closest?.("dialog, [role=menu]")) return;
  if (event.key === "Escape") {
    back(event, target, conversation, person);
    return;
  }
  if (target.closest?.("input:not([type=checkbox]), textarea, select")) return;
  const row = conversation === null ? undefined : rows.all.get(conversation);
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") walk(conversation, key === "j" ? 1 : -1);
  else if (key === "x" && handles.choose) handles.choose(event.shiftKey);
  else if (key === "z") {
    if (!undoSending(conversation) && !toasts.undoLast()) return;
  } else if (!row || !session.canWrite) return;
  else if (key === "r") handles.compose?.("reply");
  else if (key === "n") handles.compose?.("note");
  else if (key === "s") handles.snippets?.();
  else if (key === "a") handles.assign?.();
  else if (key === "i") handles.invite?.();
  else if (key === "h" && row.state !== "ended") handles.snooze?.();
  else if (key === "t") openTopics();
  else if (key === "e" && row.state !== "ended" && !event.repeat) void end(row);
  else if (key === "delete" && mayErase() && !event.repeat) void erase(row);
  else return;
  event.preventDefault();
}

function walk(from: string | null, step: 1 | -1): void {
  const ids = handles.listed?.() ?? [];
  const to = neighbour(ids, from, step);
  if (to === null) return;
  if (to !== from) router.go(conversationPath(to), from !== null);
  focusRow(to);
}

/** Outwards, one step at a time: details, text field, conversation. */
function back(event: KeyboardEvent, target: Element, conversation: string | null, person: boolean): void {
  if (selection.ids.size > 0) {
    selection.clear();
    event.preventDefault();
    return;
  }
  if (conversation === null) return;
  event.preventDefault();
  if (edits.cancel(conversation) || undoSending(conversation)) return;
  if (person) router.go(conversationPath(conversation), true);
  else if (!target.closest?.(".list") && focusRow(conversation)) return;
  else {
    router.go("/");
    focusRow(conversation);
  }
}

export function focusRow(id: string): boolean {
  return handles.reveal?.(id) ?? false;
}
