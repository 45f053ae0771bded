import { remember, remembered } from "./memory";

export type Theme = "auto" | "light" | "dark";
export const themes: Theme[] = ["auto", "light", "dark"];

class Appearance {
  theme = $state<Theme>("auto");

  constructor() {
    const stored = remembered("theme");
    if (stored === "light" || stored === "dark") this.#apply(stored);
  }

  choose(theme: Theme): void {
    remember("theme", theme);
    this.#apply(theme);
  }

  #apply(theme: Theme): void {
    this.theme = theme;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
}

export const appearance = new Appearance();
