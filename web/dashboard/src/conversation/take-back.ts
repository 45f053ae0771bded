import type { Item } from "../socket/outbox";
import { drafts } from "./drafts.svelte";
import { handles } from "./handles";
import { live } from "./live.svelte";
import { decoded } from "./mentions";
import { readers } from "./readers.svelte";

/** Puts a message that has not gone back where it was written, before what was begun since. */
export function takeBack(item: Item): void {
  const taken = live.written.takeBack(item.conversation, item.key);
  if (taken === null) return;
  const text = item.note ? decoded(taken, readers.everybody) : taken;
  const mode = item.note ? "note" : "reply";
  const draft = drafts.text(item.conversation, mode);
  drafts.set(item.conversation, mode, draft ? `${text}\n${draft}` : text);
  if (live.current === item.conversation) handles.compose?.(mode);
}

/** Takes the last one back; false where there is none. */
export function undoSending(conversation: string | null): boolean {
  const item = conversation === null ? undefined : live.written.held(conversation).at(-1);
  if (item) takeBack(item);
  return item !== undefined;
}
