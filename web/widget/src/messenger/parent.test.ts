// @vitest-environment happy-dom
// Hostile pages around the messenger, and hostile windows beside it (SI11).
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type FromLoader, parentPage } from "./parent";

const SITE = "https://shop.example";
const open = { diskret: "open", focus: true };

describe("the messenger in a page", () => {
  let page: { postMessage: ReturnType<typeof vi.fn> };
  let heard: FromLoader[];
  let tell: ReturnType<typeof parentPage>;
  const say = (data: unknown, origin = SITE, source: unknown = page) =>
    dispatchEvent(Object.assign(new Event("message"), { data, origin, source }));

  beforeEach(() => {
    page = { postMessage: vi.fn() };
    heard = [];
    vi.spyOn(window, "parent", "get").mockReturnValue(page as unknown as Window);
    tell = parentPage((word) => heard.push(word));
  });

  it("hears its own page, and answers that page's origin only", () => {
    tell({ diskret: "close" });
    expect(page.postMessage).not.toHaveBeenCalled();
    say(open);
    expect(heard).toEqual([open]);
    tell({ diskret: "unread", count: 3 });
    expect(page.postMessage.mock.calls).toEqual([
      [{ diskret: "ready" }, SITE],
      [{ diskret: "unread", count: 3 }, SITE],
    ]);
  });

  it("hears no other window, whatever origin it has", () => {
    for (const source of [window, null, { postMessage: vi.fn() }]) say(open, SITE, source);
    expect(heard).toEqual([]);
    expect(page.postMessage).not.toHaveBeenCalled();
  });

  it("hears no page that came later under another origin", () => {
    say(open);
    for (const origin of ["https://evil.example", "null", "", `${SITE}.evil.example`, SITE.replace("https", "http")])
      say({ diskret: "closed" }, origin);
    expect(heard).toEqual([open]);
  });

  it.each([
    "open",
    null,
    [[]],
    {},
    { diskret: "ready" },
    { diskret: "open" },
    { diskret: "open", focus: "yes" },
    { diskret: "open", focus: true, html: "<img src=x onerror=alert(1)>" },
    { diskret: "closed", focus: true },
    { diskret: { toString: (): string => "open" }, focus: true },
    { diskret: "close" },
    JSON.stringify(open),
  ])("takes no word outside the vocabulary: %j", (word) => {
    say(word);
    expect(heard).toEqual([]);
    // It fixes no origin either: the true page is still heard.
    say(open, "https://true.example");
    expect(heard).toEqual([open]);
  });
});
