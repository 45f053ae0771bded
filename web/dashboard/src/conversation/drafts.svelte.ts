import { SvelteMap } from "svelte/reactivity";

export type Mode = "reply" | "note";

/** Unsent text, per conversation and mode. In memory only: what people write never goes into the browser's storage. */
class Drafts {
  #texts = new SvelteMap<string, string>();
  #modes = new SvelteMap<string, Mode>();

  text(conversation: string, mode: Mode): string {
    return this.#texts.get(`${conversation} ${mode}`) ?? "";
  }

  set(conversation: string, mode: Mode, text: string): void {
    if (text) this.#texts.set(`${conversation} ${mode}`, text);
    else this.#texts.delete(`${conversation} ${mode}`);
  }

  mode(conversation: string): Mode {
    return this.#modes.get(conversation) ?? "reply";
  }

  setMode(conversation: string, mode: Mode): void {
    this.#modes.set(conversation, mode);
  }

  get some(): boolean {
    return [...this.#texts.values()].some((text) => text.trim() !== "");
  }
}

export const drafts = new Drafts();
