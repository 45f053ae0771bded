import type { ProblemCode } from "@diskret/api";
import { wellFormed } from "@diskret/api/well-formed";

export type ItemState = "held" | "queued" | "sent" | "refused";

export interface Item {
  readonly key: number; // stable for the screen, while the counter may move
  readonly conversation: string;
  readonly text: string;
  readonly note: boolean;
  readonly at: number; // milliseconds
  counter: number;
  state: ItemState;
  uncertain: boolean; // was on its way when a connection died: the server may hold it
  problem?: ProblemCode;
}

export interface Refusal {
  conversation?: string;
  counter?: number;
  code: ProblemCode;
  expected?: number;
  retry_after_ms?: number;
}

interface Lane {
  next: number;
  items: Item[]; // ascending counters, none of them acknowledged
  rejected: Item[]; // the text itself was refused: no counter any more
  halted: boolean;
}

const GAP_PAUSE_MS = 250;
const DEFAULT_PAUSE_MS = 1000;

/**
 * What has been written and not yet acknowledged. Counters start at 1 per conversation and have no gaps;
 * the same counter again is a retry, so whatever is unclear is simply sent once more, in order.
 */
export class Outbox {
  #lanes = new Map<string, Lane>();
  #limit = 1;
  #keys = 0;
  #pausedUntil = 0;

  setLimit(inFlight: number): void {
    this.#limit = Math.max(1, inFlight);
  }

  add(conversation: string, text: string, note: boolean, now: number): Item {
    const lane = this.#lane(conversation);
    const item: Item = {
      key: ++this.#keys,
      conversation,
      text: wellFormed(text),
      note,
      at: now,
      counter: lane.next++,
      state: lane.halted ? "refused" : "queued",
      uncertain: false,
      problem: lane.halted ? lane.items[0]?.problem : undefined,
    };
    lane.items.push(item);
    return item;
  }

  /** Takes what may be sent now and counts it as on its way. */
  due(now: number): Item[] {
    if (now < this.#pausedUntil) return [];
    let room = this.#limit - this.#inFlight();
    const out: Item[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.halted) continue;
      for (const item of lane.items) {
        if (room <= 0) return out;
        if (item.state !== "queued") continue;
        item.state = "sent";
        out.push(item);
        room--;
      }
    }
    return out;
  }

  accept(conversation: string, counter: number): Item | null {
    const lane = this.#lanes.get(conversation);
    const at = lane?.items.findIndex((item) => item.counter === counter) ?? -1;
    if (!lane || at < 0) return null;
    const [item] = lane.items.splice(at, 1);
    if (lane.items.length === 0) lane.halted = false;
    return item ?? null;
  }

  /** Says whether the refusal was about a message at all. */
  refuse(refusal: Refusal, now: number): boolean {
    const { conversation, counter, code } = refusal;
    const lane = conversation === undefined ? undefined : this.#lanes.get(conversation);
    const item = lane?.items.find((candidate) => candidate.counter === counter);
    if (!lane || counter === undefined) return false;
    if (code === "counter_gap") {
      this.#resumeFrom(lane, refusal.expected ?? counter);
      this.#pausedUntil = Math.max(this.#pausedUntil, now + GAP_PAUSE_MS);
    } else if (code === "rate_limited" || code === "busy" || code === "unavailable") {
      rewind(lane, counter);
      this.#pausedUntil = Math.max(this.#pausedUntil, now + (refusal.retry_after_ms ?? DEFAULT_PAUSE_MS));
    } else if (code === "text_empty" || code === "text_too_long") {
      if (item) reject(lane, item, code);
    } else {
      lane.halted = true;
      for (const each of lane.items) Object.assign(each, { state: "refused", problem: code });
    }
    return true;
  }

  /** The connection is gone: nobody knows what arrived, so all of it goes again, under the same counters. */
  lost(): void {
    for (const lane of this.#lanes.values()) {
      for (const item of lane.items) {
        if (item.state !== "sent") continue;
        item.state = "queued";
        item.uncertain = true;
      }
    }
  }

  retry(conversation: string): void {
    const lane = this.#lanes.get(conversation);
    if (!lane) return;
    lane.halted = false;
    for (const item of lane.items) Object.assign(item, { state: "queued", problem: undefined });
  }

  /** Gives the text back. Never for a message that the server may hold: its counter is spent. */
  discard(conversation: string, key: number): Item | null {
    const lane = this.#lanes.get(conversation);
    const item = [...(lane?.rejected ?? []), ...(lane?.items ?? [])].find((candidate) => candidate.key === key);
    if (!lane || item?.state !== "refused" || item.uncertain) return null;
    lane.rejected = lane.rejected.filter((each) => each !== item);
    if (lane.items.includes(item)) withdraw(lane, item);
    if (lane.items.length === 0) lane.halted = false;
    return item;
  }

  pending(conversation: string): Item[] {
    const lane = this.#lanes.get(conversation);
    return lane ? [...lane.rejected, ...lane.items].sort((a, b) => a.key - b.key) : [];
  }

  /** Milliseconds until a pause ends, 0 when there is none. */
  pause(now: number): number {
    return Math.max(0, this.#pausedUntil - now);
  }

  get size(): number {
    let size = 0;
    for (const lane of this.#lanes.values()) size += lane.items.length + lane.rejected.length;
    return size;
  }

  #inFlight(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) count += lane.items.filter((item) => item.state === "sent").length;
    return count;
  }

  #lane(conversation: string): Lane {
    let lane = this.#lanes.get(conversation);
    if (!lane) {
      lane = { next: 1, items: [], rejected: [], halted: false };
      this.#lanes.set(conversation, lane);
    }
    return lane;
  }

  #resumeFrom(lane: Lane, expected: number): void {
    const first = lane.items[0];
    // The server asks for something acknowledged long ago: it lost count, and ours follows its.
    if (first && expected < first.counter) renumber(lane, expected);
    rewind(lane, 0);
  }
}

function rewind(lane: Lane, from: number): void {
  for (const item of lane.items) if (item.counter >= from && item.state === "sent") item.state = "queued";
}

function renumber(lane: Lane, first: number): void {
  let counter = first;
  for (const item of lane.items) item.counter = counter++;
  lane.next = counter;
}

function withdraw(lane: Lane, item: Item): void {
  const first = lane.items[0]?.counter ?? item.counter;
  lane.items = lane.items.filter((each) => each !== item);
  renumber(lane, first);
}

function reject(lane: Lane, item: Item, code: ProblemCode): void {
  withdraw(lane, item);
  rewind(lane, 0);
  Object.assign(item, { state: "refused", problem: code, uncertain: false });
  lane.rejected.push(item);
}
