const AGAIN = 3000;
const IDLE = 5000;

/** Says "is typing" at most every 3 s, and "no longer" after 5 s without a key. */
export class Typing {
  #saidAt = 0;
  #idle?: ReturnType<typeof setTimeout>;

  constructor(private readonly say: (on: boolean) => void) {}

  input(on: boolean): void {
    clearTimeout(this.#idle);
    if (!on) {
      if (this.#saidAt) this.say(false);
      this.#saidAt = 0;
      return;
    }
    const now = Date.now();
    if (now - this.#saidAt >= AGAIN) {
      this.#saidAt = now;
      this.say(true);
    }
    this.#idle = setTimeout(() => this.input(false), IDLE);
  }
}
