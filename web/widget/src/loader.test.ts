// @vitest-environment happy-dom
// A hostile messenger, or somebody who plays one, and what the loader does for it on the customer's page (SI11).
import { beforeAll, describe, expect, it, vi } from "vitest";

const ORIGIN = "https://widget.example";

describe("the loader on a page", () => {
  let button: HTMLButtonElement;
  let panel: Element;
  let badge: Element;
  let frame: HTMLIFrameElement;
  const posted = vi.fn();
  const child = { postMessage: posted };
  const say = (data: unknown, origin = ORIGIN, source: unknown = child) =>
    dispatchEvent(Object.assign(new Event("message"), { data, origin, source }));

  beforeAll(async () => {
    const script = { dataset: { widget: "w1" }, src: `${ORIGIN}/loader.js` };
    Object.defineProperty(document, "currentScript", { configurable: true, get: () => script });
    const config = { id: "w1", organisation: "Nordlicht", language: "de", colour: "#0b6e5d" };
    vi.stubGlobal("fetch", async () => ({ json: async () => config }));
    // No page is loaded in the frame: its window is ours to play.
    vi.spyOn(HTMLIFrameElement.prototype, "contentWindow", "get").mockReturnValue(child as unknown as Window);
    vi.spyOn(HTMLIFrameElement.prototype, "src", "set").mockImplementation(() => {});
    await import("./loader");
    const root = await vi.waitFor(() => {
      const found = document.querySelector("diskret-chat")?.shadowRoot;
      if (!found) throw new Error("not yet");
      return found;
    });
    button = root.querySelector("button") as HTMLButtonElement;
    [panel, badge] = [root.querySelector("aside > div") as Element, root.querySelector("b") as Element];
  });

  it("hears nobody before there is a frame", () => {
    say({ diskret: "unread", count: 3 });
    say({ diskret: "unread", count: 3 }, ORIGIN, null);
    expect(badge.textContent).toBe("");
  });

  it("tells the frame's origin only", () => {
    button.click();
    frame = panel.querySelector("iframe") as HTMLIFrameElement;
    frame.onload?.(new Event("load"));
    expect(posted.mock.calls).toEqual([[{ diskret: "open", focus: true }, ORIGIN]]);
    expect(panel.hasAttribute("open")).toBe(true);
  });

  it("hears no other window and no other origin", () => {
    for (const origin of ["https://evil.example", "null", "", `${ORIGIN}.evil.example`])
      say({ diskret: "close" }, origin);
    for (const source of [window, null, { postMessage: vi.fn() }]) say({ diskret: "close" }, ORIGIN, source);
    expect(panel.hasAttribute("open")).toBe(true);
  });

  it("takes no word outside the vocabulary", () => {
    for (const word of ["close", null, ["close"], { diskret: "open" }, { diskret: "CLOSE" }, { close: true }])
      say(word);
    expect(panel.hasAttribute("open")).toBe(true);
    say({ diskret: "close" });
    expect(panel.hasAttribute("open")).toBe(false);
    for (const count of [
      "7",
      -1,
      100,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "<img src=x onerror=alert(1)>",
      {},
      null,
    ])
      say({ diskret: "unread", count });
    expect(badge.textContent).toBe("");
    say({ diskret: "unread", count: 7, html: "<b>" });
    expect(badge.textContent).toBe("7");
  });
});
