import type { ClientFrame, ServerFrame } from "./index";

const BATCH_BYTES = 60_000; // the server takes 64 KiB, the hello before them included

/** Frames that wait to be sent, in order. */
export class Outgoing {
  #frames: ClientFrame[] = [];

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Who types, and how far was read, counts only as it stands now. */
  push(frame: ClientFrame): void {
    if (frame.type === "typing" || frame.type === "seen")
      this.#frames = this.#frames.filter(
        (other) => other.type !== frame.type || other.conversation !== frame.conversation,
      );
    this.#frames.push(frame);
  }

  /** Takes as many as fit into one request. */
  take(): ClientFrame[] {
    let bytes = 0;
    let count = 0;
    for (const frame of this.#frames) {
      bytes += new TextEncoder().encode(JSON.stringify(frame)).length + 1;
      if (count && bytes > BATCH_BYTES) break;
      count++;
    }
    return this.#frames.splice(0, count);
  }
}

/** Names what waits for an answer, and what answers it, alike; undefined for the others. */
export function named(frame: ClientFrame | ServerFrame, isVisitor: boolean): string | undefined {
  if (frame.type === "ping" || frame.type === "pong") return "ping";
  if (frame.type !== "message" && frame.type !== "accepted" && frame.type !== "problem") return undefined;
  // Operators count per conversation. A visitor has one, which only the answers name.
  return frame.counter === undefined ? undefined : `${isVisitor ? "" : frame.conversation} ${frame.counter}`;
}
