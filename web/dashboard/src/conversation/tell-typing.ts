const REPEAT_MS = 4_000;
const PAUSE_MS = 5_000;

/** Says that somebody types: once, again every four seconds while it goes on, and when it stops. */
export class Tell {
  #told = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly say: (on: boolean) => void,
    private readonly now: () => number = Date.now,
  ) {}

  go(): void {
    if (this.now() - this.#told >= REPEAT_MS) {
      this.#told = this.now();
      this.say(true);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), PAUSE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (this.#told === 0) return;
    this.#told = 0;
    this.say(false);
  }
}
