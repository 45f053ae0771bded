import type { Mode } from "./drafts.svelte";

/** What the keyboard can reach from anywhere, offered by whoever is on screen. */
export const handles: {
  compose?: ((mode: Mode) => void) | undefined;
  snippets?: (() => void) | undefined;
  assign?: (() => void) | undefined;
} = {};
