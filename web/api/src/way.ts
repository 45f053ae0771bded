/** What the front ends use of a WebSocket, and what stands in for one has too. `this` and events as the browser gives them. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((this: never, event: never) => unknown) | null;
  onmessage: ((this: never, event: never) => unknown) | null;
  onclose: ((this: never, event: never) => unknown) | null;
  send(text: string): void;
  close(): void;
}

export type SocketKind = new (address: string) => SocketLike;

/** Brings the module with what stands in for a WebSocket; how often that failed before tells browsers to ask anew. */
export type Load = (failed: number) => Promise<{ FramesOverHttp: SocketKind }>;

const PING_EVERY = 25_000;
const TOO_SHORT = 2_000; // a silence that faster pings could not fill
const NOTHING_CAME = 3; // twice in a row is enough
const CUT = 2; // three times in a row is enough
const ENOUGH = 6;

/**
 * Which way leads through this network: a WebSocket as long as one works, with faster pings where silence is cut, and
 * what `load` brings where none gets through. Known for this page load only.
 */
export class Way {
  vehicle: SocketKind = WebSocket;
  rhythm = PING_EVERY; // milliseconds between two pings
  #against = 0;
  #failed = 0;
  readonly #load: Load;

  constructor(load: Load) {
    this.#load = load;
  }

  /** A pong came: this way outlives a silence. */
  proven(): void {
    this.#against = 0;
  }

  /**
   * A connection ended by itself, without a word of the server. `meant`: closed in order. From the stand-in it says that a
   * WebSocket gets through again; from a WebSocket nothing, as proxies close in order too what they do not like.
   * `silence`: milliseconds since the last frame, 0 where none came.
   */
  judge(meant: boolean, silence: number): void {
    const detour = this.vehicle !== WebSocket;
    if (detour && meant) {
      this.vehicle = WebSocket;
      return;
    }
    this.#against += silence ? CUT : NOTHING_CAME;
    if (this.#against < ENOUGH) return;
    this.#against = 0;
    if (detour) {
      this.vehicle = WebSocket;
      this.#against = NOTHING_CAME; // once: what worked here before is sooner worth another try
    } else if (silence > TOO_SHORT) this.rhythm = Math.min(this.rhythm, silence) / 2;
    else
      this.#load(this.#failed).then(
        (found) => {
          this.vehicle = found.FramesOverHttp;
        },
        () => {
          this.#failed++; // the network gives nothing at all: the next failures ask again
        },
      );
  }
}
