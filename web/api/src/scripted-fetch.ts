// For tests: a `fetch` whose answers the test writes piece by piece, as a network would bring them.
import { vi } from "vitest";
import type { ClientFrame } from "./index";

/** One request and the hand that answers it. */
export class Asked {
  readonly mode: string;
  readonly frames: ClientFrame[];
  aborted = false;
  #resolve!: (answer: Response) => void;
  #reject!: (error: unknown) => void;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly answer: Promise<Response>;

  constructor(
    readonly address: string,
    readonly init: RequestInit,
  ) {
    this.mode = new URL(address).searchParams.get("mode") ?? "";
    this.frames = String(init.body)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    init.signal?.addEventListener("abort", () => {
      this.aborted = true;
      this.cut();
    });
  }

  open(): this {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller;
      },
    });
    this.#resolve(new Response(body, { headers: { "content-type": "application/x-ndjson" } }));
    return this;
  }

  say(...frames: object[]): this {
    return this.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""));
  }

  write(text: string | Uint8Array): this {
    if (!this.#body) this.open();
    this.#body?.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
    return this;
  }

  end(): void {
    if (!this.#body) this.open();
    this.#body?.close();
  }

  cut(): void {
    const error = new TypeError("network error");
    if (this.#body) this.#body.error(error);
    else this.#reject(error);
  }

  refuse(status: number, headers: Record<string, string> = {}, body: object = { detail: "no" }): void {
    const kind = { "content-type": "application/problem+json" };
    this.#resolve(new Response(JSON.stringify(body), { status, headers: { ...kind, ...headers } }));
  }
}

/** Puts it in place of `fetch`; gives the requests in their order. */
export function scriptedFetch(): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => {
    const request = new Asked(address, init);
    asked.push(request);
    return request.answer;
  });
  return asked;
}
