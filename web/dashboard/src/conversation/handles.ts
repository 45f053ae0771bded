import type { Mode } from "./drafts.svelte";

/** What the keyboard can reach from anywhere, offered by whoever is on screen. */
export const handles: {
  compose?: ((mode: Mode) => void) | undefined;
  snippets?: (() => void) | undefined;
  /** Brings a row into sight and focuses it. */
  reveal?: ((id: string) => boolean) | undefined;
  /** Chooses a row for an action on many; far: all from the last one chosen. */
  choose?: ((far: boolean) => void) | undefined;
  /** The list as it stands on the screen. */
  listed?: (() => string[]) | undefined;
  /** Opens the palette, for whoever has no keys. */
  search?: (() => void) | undefined;
  assign?: (() => void) | undefined;
  snooze?: (() => void) | undefined;
  /** Offers colleagues to ask in. */
  invite?: (() => void) | undefined;
} = {};
