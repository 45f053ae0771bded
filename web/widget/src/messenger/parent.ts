/** What the loader may say. Anything else, from anyone else, is not for us. */
export type FromLoader = { diskret: "open"; focus: boolean } | { diskret: "closed" };
/** What the loader is told: no content, no token, ever. */
export type ToLoader = { diskret: "ready" } | { diskret: "close" } | { diskret: "unread"; count: number };

export function readLoader(data: unknown): FromLoader | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { diskret, focus } = data as Record<string, unknown>;
  const keys = Object.keys(data).length;
  if (diskret === "open" && typeof focus === "boolean" && keys === 2) return { diskret, focus };
  return diskret === "closed" && keys === 1 ? { diskret } : undefined;
}

/** The page around the frame. Its address is unknown (the frame has no referrer), so the first valid word fixes it. */
export class Parent {
  #origin = "";

  constructor(hear: (word: FromLoader) => void) {
    // Opened as a page of its own: there is nobody to hear.
    if (window.parent === window) queueMicrotask(() => hear({ diskret: "open", focus: true }));
    addEventListener("message", (event) => {
      if (event.source !== window.parent || (this.#origin && event.origin !== this.#origin)) return;
      const word = readLoader(event.data);
      if (!word) return;
      if (!this.#origin) {
        this.#origin = event.origin;
        this.tell({ diskret: "ready" });
      }
      hear(word);
    });
  }

  tell(word: ToLoader): void {
    // A sandboxed or file page has no origin to aim at; the words carry nothing worth aiming.
    if (this.#origin) window.parent.postMessage(word, this.#origin === "null" ? "*" : this.#origin);
  }
}
