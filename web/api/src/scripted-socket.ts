// For tests: a WebSocket whose other end the test is.
import { vi } from "vitest";

export class ScriptedSocket {
  static all: ScriptedSocket[] = [];

  /** Puts it in place of the browser's; gives those that are made, in their order. */
  static install(): ScriptedSocket[] {
    ScriptedSocket.all = [];
    vi.stubGlobal("WebSocket", ScriptedSocket);
    return ScriptedSocket.all;
  }

  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { wasClean: boolean }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  readonly madeAt = Date.now();

  constructor(readonly address: string) {
    ScriptedSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): this {
    this.readyState = 1;
    this.onopen?.();
    return this;
  }

  say(...frames: object[]): this {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
    return this;
  }

  /** The connection breaks. */
  cut(wasClean = false): void {
    this.readyState = 3;
    this.onclose?.({ wasClean });
  }
}
