// What this device remembers: widths, language, appearance, the emoji used last. Never anything that anybody wrote.
type Name = "emoji" | "language" | "theme" | "columns" | "list" | "undo-send" | "away" | `attention.${string}`;
const PREFIX = "diskret.";

export function remembered(name: Name): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is forbidden here: start with the defaults
  }
}

export function remember(name: Name, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Storage is forbidden or full: the choice holds until the page closes.
  }
}
