import { SvelteMap } from "svelte/reactivity";

const FORGET_AFTER_MS = 8_000;

/** Who is writing where. A lost "stopped" is forgotten after a while. */
class Typing {
  #who = new SvelteMap<string, { name: string | null }>();
  #timers = new Map<string, number>();

  visitor(conversation: string): boolean {
    return this.#who.has(`${conversation} visitor`);
  }

  operator(conversation: string): string | null {
    return this.#who.get(`${conversation} operator`)?.name ?? null;
  }

  set(conversation: string, who: "visitor" | "operator", on: boolean, name?: string): void {
    const key = `${conversation} ${who}`;
    clearTimeout(this.#timers.get(key));
    if (!on) {
      this.#who.delete(key);
      return;
    }
    this.#who.set(key, { name: name ?? null });
    this.#timers.set(
      key,
      window.setTimeout(() => this.#who.delete(key), FORGET_AFTER_MS),
    );
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#who.clear();
  }
}

export const typing = new Typing();
