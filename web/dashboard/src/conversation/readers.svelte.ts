import type { ReaderInfo } from "@diskret/api";
import { SvelteMap } from "svelte/reactivity";
import { call } from "../api";
import { ranked } from "../ui/search";

/** Whom a note of a conversation can name, and what everybody is called who was named. */
class Readers {
  names = new SvelteMap<string, string>();
  #of = new SvelteMap<string, ReaderInfo[]>();
  failed = $state(false);
  #asked = false;
  #coming = new Map<string, Promise<void>>();

  of(conversation: string): ReaderInfo[] {
    return this.#of.get(conversation) ?? [];
  }

  knows(conversation: string): boolean {
    return this.#of.has(conversation);
  }

  /** The best first. */
  matching(conversation: string, query: string): ReaderInfo[] {
    return ranked(query, this.of(conversation), (one) => [one.name, ""]);
  }

  /** Asked anew each time: who may read it changes with whose it is. Whoever asks meanwhile waits for the same answer. */
  load(conversation: string): Promise<void> {
    const coming =
      this.#coming.get(conversation) ?? this.#load(conversation).finally(() => this.#coming.delete(conversation));
    this.#coming.set(conversation, coming);
    return coming;
  }

  async #load(conversation: string): Promise<void> {
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
