import { session } from "../session/session.svelte";
import { remember, remembered } from "../shell/memory";

export const choices = ["notify", "preview", "sound"] as const;
export type Choice = (typeof choices)[number];

/** How somebody wants to be told, on this device. Nothing is on until they choose it. */
class AttentionSettings {
  #version = $state(0);

  on(choice: Choice): boolean {
    return this.#version >= 0 && this.#words.includes(choice);
  }

  choose(choice: Choice, on: boolean): void {
    const words = this.#words.filter((word) => word !== choice);
    remember(`attention.${session.me}`, [...words, ...(on ? [choice] : [])].join(" "));
    this.#version++;
  }

  get #words(): string[] {
    return (remembered(`attention.${session.me}`) ?? "").split(" ");
  }
}

export const attention = new AttentionSettings();
