import type { MessageEntry } from "@diskret/api";
import { SvelteMap } from "svelte/reactivity";
import { asProblem, call } from "../api";
import { explain } from "../i18n/errors";
import { t } from "../i18n/index.svelte";
import { toasts } from "../shell/toasts.svelte";
import { drafts, type Mode } from "./drafts.svelte";
import { handles } from "./handles";
import { decoded } from "./mentions";
import { readers } from "./readers.svelte";

export interface Edit {
  entry: MessageEntry;
  mode: Mode;
  before: string; // the draft that stood there
}

const path = ({ conversation, sequence }: MessageEntry) =>
  `/api/conversations/${encodeURIComponent(conversation)}/entries/${sequence}`;

/** What is being corrected, one entry per conversation. Its text stands in the composer meanwhile. */
class Edits {
  #all = new SvelteMap<string, Edit>();
  #saving = new Set<string>();

  of(conversation: string): Edit | undefined {
    return this.#all.get(conversation);
  }

  begin(entry: MessageEntry): void {
    const { conversation, text, note } = entry;
    this.cancel(conversation);
    const mode = note ? "note" : "reply";
    this.#all.set(conversation, { entry, mode, before: drafts.text(conversation, mode) });
    drafts.set(conversation, mode, note ? decoded(text, readers.everybody) : text);
    handles.compose?.(mode);
  }

  /** Leaves it as it was; false where nothing is being corrected. */
  cancel(conversation: string): boolean {
    const edit = this.#all.get(conversation);
    if (!edit) return false;
    this.#all.delete(conversation);
    drafts.set(conversation, edit.mode, edit.before);
    return true;
  }

  async save(conversation: string, text: string): Promise<void> {
    const edit = this.#all.get(conversation);
    if (!edit || this.#saving.has(conversation)) return;
    if (text !== edit.entry.text) {
      this.#saving.add(conversation);
      const done = await change("PATCH", edit.entry, { text });
      this.#saving.delete(conversation);
      if (done === "failed") return;
      // What could not be changed any more stays in the composer, to be sent as what it now is.
      if (done === "late") this.#all.delete(conversation);
    }
    if (this.#all.get(conversation) === edit) this.cancel(conversation);
  }

  /** Takes it back; undone by having the text where it can be sent again. */
  async recall(entry: MessageEntry): Promise<void> {
    const { conversation, note, text } = entry;
    if (this.of(conversation)?.entry.sequence === entry.sequence) this.cancel(conversation);
    if ((await change("DELETE", entry)) !== "done") return;
    const words = note ? decoded(text, readers.everybody) : text;
    toasts.show(t(note ? "edit.taken_back.note" : "edit.taken_back"), () => {
      const mode = note ? "note" : "reply";
      const draft = drafts.text(conversation, mode);
      drafts.set(conversation, mode, draft ? `${words}\n${draft}` : words);
      handles.compose?.(mode);
    });
  }
}

async function change(
  method: "PATCH" | "DELETE",
  entry: MessageEntry,
  body?: object,
): Promise<"done" | "late" | "failed"> {
  try {
    await call<undefined>(method, path(entry), body);
    return "done";
  } catch (error) {
    const problem = asProblem(error);
    const late = problem.status === 409 ? t("edit.too_late") : problem.status === 404 ? t("edit.gone") : null;
    if (problem.status !== 401) toasts.fail(late ?? explain(problem));
    return late ? "late" : "failed";
  }
}

export const edits = new Edits();
