import { readFrame } from "./frame";
import type { Hello } from "./held";

const FIRST_MS = 15_000;
const LONGEST_MS = 300_000;
const ANSWER_WITHIN_MS = 8_000;
const SPREAD_MS = 1_000;

let tries = 0; // of this page load: a network that lets none through is not asked all the time

/**
 * Tries from time to time whether a WebSocket gets through after all: soon at first, then every few minutes, and when the
 * network changes. It does when the server answers a hello.
 */
export class Probe {
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly address: string,
    private readonly hello: () => Hello | undefined,
    private readonly found: () => void,
  ) {
    addEventListener("online", this.#changed);
    this.#later();
  }

  stop(): void {
    removeEventListener("online", this.#changed);
    this.#drop();
  }

  #changed = (): void => {
    tries = 0;
    this.#drop();
    this.#timer = setTimeout(() => this.#try(), Math.random() * SPREAD_MS);
  };

  #later(): void {
    this.#drop();
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** tries++);
    this.#timer = setTimeout(() => this.#try(), wait * (0.75 + Math.random() / 2));
  }

  #try(): void {
    const hello = this.hello();
    if (!hello) {
      this.#later();
      return;
    }
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#later(), ANSWER_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onclose = () => this.#later();
    socket.onmessage = (event) => {
      if (readFrame(event.data)?.type === "welcome") {
        this.stop();
        tries = 0;
        this.found();
      } else this.#later();
    };
  }

  #drop(): void {
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = undefined;
  }
}
