import type { ReaderInfo } from "@diskret/api";
import { invite } from "../guests/guests";
import { insertAt } from "../snippets/say";
import type MentionPicker from "./MentionPicker.svelte";
import { asked, encoded } from "./mentions";
import { readers } from "./readers.svelte";
import { rows } from "./rows.svelte";

/** A field with words in which `@` names a colleague. */
interface Field {
  readonly conversation: () => string;
  /** None where it is gone. */
  readonly element: () => HTMLTextAreaElement | null | undefined;
  readonly write: (text: string, caret: number) => void;
  /** Whether whoever cannot read the conversation yet may be named, and is brought in when the note is stored. */
  readonly brings?: boolean;
}

/** Naming a colleague in a note: what was typed behind `@`, and whom it becomes. */
export class Calling {
  query = $state<string | null>(null);
  active = $state<string>(); // the option that is chosen in the picker
  picker = $state<MentionPicker>();
  #waits = false;
  #picked = new Map<string, ReaderInfo>(); // those named who could not read it when they were
  #brought = new Set<string>();

  constructor(private readonly field: Field) {}

  get conversation(): string {
    return this.field.conversation();
  }

  input(): void {
    const element = this.field.element();
    this.query = element ? asked(element.value, element.selectionStart) : null;
  }

  stop(): void {
    this.query = null;
    this.#waits = false;
  }

  may = (one: ReaderInfo): boolean => one.reads || (this.field.brings === true && one.invitable);

  /** Keys while somebody is being named; `otherwise` does what Enter does where nobody fits. False: the key is the field's. */
  pressed(event: KeyboardEvent, otherwise?: () => void): boolean {
    const element = this.field.element();
    if (this.query === null || !element || event.ctrlKey || event.metaKey) return false;
    const { key } = event;
    if (key === "Escape") this.stop();
    else if (key === "Enter" && !event.shiftKey && this.#early) void this.#once(element, otherwise);
    else if (!this.picker?.pressed(key)) return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** In place of what was typed, with a blank behind it. */
  choose = (one: ReaderInfo): void => {
    const element = this.field.element();
    if (!element) return;
    if (!one.reads) this.#picked.set(one.id, one);
    this.#put(element, one.name, element.selectionStart, this.query ?? "");
  };

  /** Those whom a note names who have to be brought in first, so that it reaches them. */
  missing(text: string): ReaderInfo[] {
    return [...this.#picked.values()].filter((one) => text.includes(`@${one.name}`));
  }

  /** Brings them in; false where that has failed, and was said. */
  async bring(text: string): Promise<boolean> {
    for (const one of this.missing(text)) {
      const row = rows.all.get(this.conversation);
      // Whether they are in already, the server knows: the row may lag behind by a second.
      if (!row || !(await invite(row, { id: one.id, name: one.name }))) return false;
      this.#picked.delete(one.id);
      this.#brought.add(one.id);
    }
    return true;
  }

  /** As it is stored: names become ids. */
  stored(text: string): string {
    const reading = readers.of(this.conversation).filter((one) => one.reads || this.#brought.has(one.id));
    return encoded(text, [...reading, ...readers.everybody]);
  }

  /** Whom a note can name is being asked for. Where that has failed it was said, and Enter is the field's again. */
  get #early(): boolean {
    return !readers.failed && (!this.picker || !readers.knows(this.conversation));
  }

  /** Enter before the names are there waits for them: it means the first that fits, or the field's own where none does. */
  async #once(element: HTMLTextAreaElement, otherwise?: () => void): Promise<void> {
    if (this.#waits) return;
    this.#waits = true;
    const [query, caret] = [this.query ?? "", element.selectionStart];
    const [before, conversation] = [element.value, this.conversation];
    await readers.load(conversation);
    if (!this.#waits) return;
    this.#waits = false;
    // Whoever moved on in the meantime does not mean it any more; what was typed behind stays.
    if (readers.failed || this.field.element() !== element || !element.value.startsWith(before.slice(0, caret))) return;
    const [first] = readers.matching(conversation, query);
    // Nobody is brought in unseen: who could be stands in the picker by now, and a second Enter means them.
    if (first?.reads) this.#put(element, first.name, caret, query);
    else if (!first && element.value === before) otherwise?.();
  }

  #put(element: HTMLTextAreaElement, name: string, caret: number, query: string): void {
    const behind = element.selectionStart - caret;
    const put = insertAt(element.value, `@${name} `, caret - query.length - 1, caret);
    this.stop();
    this.field.write(put.draft, put.caret + behind);
  }
}
