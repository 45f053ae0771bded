import type { Stub, Stubs } from "@diskret/api";
import { call } from "../api";
import { session } from "../session/session.svelte";
import { shownStubs } from "./stub-rule";

const SOON_MS = 300; // a hundred that go at once are asked for once

/** What is left of conversations that were erased: that they were, by whom, and whether they can be had back. */
class Left {
  all = $state.raw<Stub[]>([]);
  shown = $derived(shownStubs(this.all).map((stub) => ({ id: stub.conversation, last_at: stub.at, stub })));
  #timer = 0;

  of(conversation: string): Stub | undefined {
    return this.all.find((stub) => stub.conversation === conversation);
  }

  put(stub: Stub): void {
    this.drop(stub.conversation);
    this.all = [stub, ...this.all];
  }

  /** It is there again; false where it never went. */
  drop(conversation: string): boolean {
    const kept = this.all.filter((stub) => stub.conversation !== conversation);
    if (kept.length === this.all.length) return false;
    this.all = kept;
    return true;
  }

  load(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(async () => {
      // The role may have changed since.
      if (session.info?.rights.conversations.level === "off") return;
      try {
        this.all = (await call<Stubs>("GET", "/api/stubs")).stubs;
      } catch {
        // Without them the list is whole; the next time they are asked for again.
      }
    }, SOON_MS);
  }
}

export const stubs = new Left();
