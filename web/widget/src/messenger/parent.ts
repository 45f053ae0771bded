/** What the loader may say. Anything else, from anyone else, is not for us. */
export type FromLoader = { diskret: "open"; focus: boolean } | { diskret: "closed" };
/** What the loader is told: no content, no token, ever. */
export type ToLoader = { diskret: "ready" } | { diskret: "close" } | { diskret: "unread"; count: number };

export function readLoader(data: unknown): FromLoader | undefined {
  const { diskret, focus, ...more } = Object(data);
  if (Object.keys(more).length) return undefined;
  if (diskret === "open" && typeof focus === "boolean") return { diskret, focus };
  return diskret === "closed" && focus === undefined ? { diskret } : undefined;
}

/** The page around the frame. Its address is unknown (the frame has no referrer), so the first valid word fixes it. */
export function parentPage(hear: (word: FromLoader) => void): (word: ToLoader) => void {
  const page = window.parent;
  let origin = "";

  // Opened as a page of its own: there is nobody to hear.
  if (page === window) queueMicrotask(() => hear({ diskret: "open", focus: true }));
  addEventListener("message", (event) => {
    if (event.source !== page || (origin && event.origin !== origin)) return;
    const word = readLoader(event.data);
    if (!word) return;
    if (!origin) {
      origin = event.origin;
      tell({ diskret: "ready" });
    }
    hear(word);
  });
  return tell;

  function tell(word: ToLoader): void {
    // A sandboxed or file page has no origin to aim at; the words carry nothing worth aiming.
    if (origin) page.postMessage(word, origin === "null" ? "*" : origin);
  }
}
