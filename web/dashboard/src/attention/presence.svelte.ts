import { remember, remembered } from "../shell/memory";

export const IDLE_AFTER_MS = 10 * 60_000;
const LOOK_EVERY_MS = 15_000;
const INPUT = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"] as const;

/**
 * Whether an operator is at their desk: not while they say so themselves, nor when nothing was typed, moved or touched for ten
 * minutes. A window out of sight, or a locked phone, gets no input either.
 */
export class Presence {
  byHand = $state(remembered("away") === "away");
  idle = $state(false);
  #inputAt = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;

  get away(): boolean {
    return this.byHand || this.idle;
  }

  start(): void {
    for (const kind of INPUT) addEventListener(kind, this.#input, { passive: true, capture: true });
    addEventListener("storage", this.#elsewhere);
    this.#inputAt = Date.now();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    for (const kind of INPUT) removeEventListener(kind, this.#input, { capture: true });
    removeEventListener("storage", this.#elsewhere);
    clearInterval(this.#timer);
  }

  choose(away: boolean): void {
    this.byHand = away;
    remember("away", away ? "away" : "here");
  }

  look(): void {
    if (Date.now() - this.#inputAt >= IDLE_AFTER_MS) this.idle = true;
  }

  #input = (): void => {
    this.#inputAt = Date.now();
    if (this.idle) this.idle = false;
  };

  /** Said in one window, it holds in all of them. */
  #elsewhere = (event: StorageEvent): void => {
    if (event.key === "diskret.away") this.byHand = event.newValue === "away";
  };
}

export const presence = new Presence();
