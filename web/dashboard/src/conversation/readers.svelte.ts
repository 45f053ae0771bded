import type { ReaderInfo } from "@diskret/api";
import { SvelteMap } from "svelte/reactivity";
import { call } from "../api";

/** Whom a note of a conversation can name, and what everybody is called who was named. */
class Readers {
  names = new SvelteMap<string, string>();
  #of = new SvelteMap<string, ReaderInfo[]>();
  failed = $state(false);
  #asked = false;

  of(conversation: string): ReaderInfo[] {
    return this.#of.get(conversation) ?? [];
  }

  /** Asked anew each time: who may read it changes with whose it is. */
  async load(conversation: string): Promise<void> {
    this.failed = false;
    try {
      const path = `/api/conversations/${encodeURIComponent(conversation)}/readers`;
      this.#of.set(conversation, await call<ReaderInfo[]>("GET", path));
    } catch {
      this.failed = !this.#of.has(conversation);
    }
  }

  /** Names of all, also of those who have left, once for as long as somebody is unknown. */
  async name(id: string): Promise<void> {
    if (this.names.has(id) || this.#asked) return;
    this.#asked = true;
    try {
      const all = await call<{ id: string; name: string }[]>("GET", "/api/operators");
      for (const one of all) this.names.set(one.id, one.name);
    } catch {
      this.#asked = false;
    }
  }

  get everybody(): { id: string; name: string }[] {
    return [...this.names].map(([id, name]) => ({ id, name }));
  }
}

export const readers = new Readers();
