/** The present moment for the screen, in milliseconds; ticks often enough for minutes. */
class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => this.tick(), 5_000);
    document.addEventListener("visibilitychange", () => this.tick());
  }

  tick(): void {
    if (document.visibilityState === "visible") this.now = Date.now();
  }
}

export const present = new Clock();
