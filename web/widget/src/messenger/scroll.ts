import { find } from "./dom";
import type { list } from "./list";

const NEAR = 48; // this close to the end counts as the end

/** Where the visitor looks: follows the newest while they are at the end, and leaves them alone when they read above. */
export function scroll(lines: ReturnType<typeof list>, moved: () => void) {
  const box = find("scroll");
  const button = find("newest");
  let end = true;

  box.onscroll = () => {
    end = rest();
    moved();
  };
  button.onclick = () => {
    toEnd();
    find("text").focus();
  };
  // The composer grew, the keyboard came up, the panel was turned: stay at the end.
  new ResizeObserver(() => end && toEnd()).observe(box);
  return { toEnd, toFresh, around, jump, inView, atEnd: () => end };

  function toEnd(): void {
    end = true;
    box.scrollTop = box.scrollHeight;
  }

  /** Opened with something new: begin to read there. */
  function toFresh(): void {
    const marker = lines.get("fresh");
    if (!marker) {
      toEnd();
      return;
    }
    box.scrollTop += marker.getBoundingClientRect().top - box.getBoundingClientRect().top - 12;
    end = rest();
  }

  /** Draws with the end kept in view if it was. */
  function around(draw: () => void): void {
    const before = end;
    draw();
    if (before) toEnd();
  }

  function jump(text: string): void {
    button.hidden = end;
    find("newest-label").textContent = text;
  }

  /** Highest sequence that has been on screen entirely. */
  function inView(beyond: number): number {
    return lines.sequenceAbove(box.getBoundingClientRect().bottom + 4, beyond);
  }

  function rest(): boolean {
    return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  }
}
