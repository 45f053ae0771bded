import { find } from "./dom";
import type { List } from "./list";

const NEAR = 48; // this close to the end counts as the end

/** Where the visitor looks: follows the newest while they are at the end, and leaves them alone when they read above. */
export class Scroll {
  readonly #box = find("scroll");
  readonly #button = find<HTMLButtonElement>("newest");
  readonly #label = find("newest-label");
  #end = true;

  constructor(
    private readonly list: List,
    private readonly moved: () => void,
  ) {
    this.#box.onscroll = () => {
      this.#end = this.#rest() < NEAR;
      this.moved();
    };
    this.#button.onclick = () => {
      this.toEnd();
      find("text").focus();
    };
    // The composer grew, the keyboard came up, the panel was turned: stay at the end.
    new ResizeObserver(() => this.#end && this.toEnd()).observe(this.#box);
  }

  get atEnd(): boolean {
    return this.#end;
  }

  toEnd(): void {
    this.#end = true;
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Opened with something new: begin to read there. */
  toFresh(): void {
    const marker = this.list.get("fresh");
    if (!marker) return this.toEnd();
    this.#box.scrollTop += marker.getBoundingClientRect().top - this.#box.getBoundingClientRect().top - 12;
    this.#end = this.#rest() < NEAR;
  }

  /** Draws with the end kept in view if it was. */
  around(draw: () => void): void {
    const end = this.#end;
    draw();
    if (end) this.toEnd();
  }

  jump(text: string, count: string): void {
    this.#button.hidden = this.#end;
    this.#button.title = text;
    this.#label.textContent = count || text;
    this.#label.className = count ? "" : "hush";
  }

  /** Highest sequence that has been on screen entirely. */
  inView(beyond: number): number {
    return this.list.sequenceAbove(this.#box.getBoundingClientRect().bottom + 4, beyond);
  }

  #rest(): number {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight;
  }
}
