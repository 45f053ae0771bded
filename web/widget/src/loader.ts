// The one script on the customer's page. Until the visitor clicks: itself, one fetch of the public configuration, a button.
// Classic script, imports types only, so that it stays one small file; 1.5 kB compressed is the limit.
import type { WidgetConfig } from "@diskret/api";

(() => {
  const script = document.currentScript as HTMLScriptElement | null;
  const id = encodeURIComponent(script?.dataset.widget ?? "");
  if (!script || !id || document.querySelector("diskret-chat")) return;
  const { origin } = new URL(script.src);
  const CHAT = "M3 16.3a2 2 0 0 1 .1 1.2l-1.1 3.3a1 1 0 0 0 1.2 1.2l3.4-1a2 2 0 0 1 1.1 0 10 10 0 1 0-4.7-4.7";
  const CLOSE = "M18 6 6 18M6 6l12 12";
  const PHONE = "(max-width:480px),(max-height:480px)";

  fetch(`${origin}/config/${id}.json`, { credentials: "omit", referrerPolicy: "no-referrer" })
    .then((answer) => answer.json())
    .then(draw)
    // No configuration, no button; the page is none the wiser.
    .catch(() => {});

  function draw({ colour, language, organisation }: WidgetConfig): void {
    if (!organisation) return;
    const lang = /^(de|en)\b/.exec(document.documentElement.lang)?.[1] ?? language;
    const german = lang === "de";
    const accent = /^#[\da-f]{6}$/i.test(colour) ? colour : "#0b6e5d";
    const host = document.createElement("diskret-chat");
    const root = host.attachShadow({ mode: "open" });
    // Dark enough for white on it, like the accent of the messenger; where `from` is unknown, the colour as it is.
    // A constructed sheet and the CSSOM are what a policy without unsafe-inline leaves.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      `:host{all:initial!important}div,button{position:fixed;z-index:2147483647;inset-inline-end:20px;box-shadow:0 6px 24px #0004}button{bottom:20px;display:grid;place-items:center;width:56px;height:56px;padding:0;border:0;border-radius:50%;background:${accent};background:oklch(from ${accent} min(l,.5) c h);color:#fff;cursor:pointer}button:focus-visible{outline:3px solid ${accent};outline-offset:3px}svg{width:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}b{position:absolute;top:-4px;right:-4px;padding:0 7px;border-radius:11px;background:#b3261e;color:#fff;font:600 12px/22px system-ui}b:empty{display:none}div{bottom:92px;width:380px;height:min(640px,100vh - 112px);border-radius:16px;overflow:hidden;visibility:hidden}[open]{visibility:visible}iframe{width:100%;height:100%;border:0;color-scheme:light dark}@media ${PHONE}{div{inset:0;width:auto;height:auto;border-radius:0}.ready[open]+button{visibility:hidden}}`,
    );
    root.adoptedStyleSheets = [sheet];

    const aside = document.createElement("aside");
    const panel = document.createElement("div");
    const button = document.createElement("button");
    const badge = document.createElement("b");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path") as SVGPathElement;
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.append(path);
    aside.lang = lang;
    aside.ariaLabel = "Chat";
    button.append(svg, badge);
    aside.append(panel, button);
    root.append(aside);
    document.documentElement.append(host); // not into the body, which frameworks replace

    let frame: HTMLIFrameElement | undefined;
    let loaded = false;
    let talking = ""; // "quiet" with a conversation: worth a badge on the next page
    let open = false;
    let unread = 0;

    function show(to: boolean, focus = true): void {
      open = to;
      if (!frame) {
        frame = document.createElement("iframe");
        frame.title = `Chat · ${organisation}`;
        frame.allow = "";
        frame.referrerPolicy = "no-referrer";
        frame.onload = () => {
          loaded = true;
          tell(focus);
        };
        frame.src = `${origin}/messenger/${id}#${lang}`;
        panel.append(frame);
      }
      panel.toggleAttribute("open", open);
      label();
      if (loaded) tell(focus);
      if (focus) (open ? frame : button).focus();
      remember();
    }

    function tell(focus: boolean): void {
      frame?.contentWindow?.postMessage(open ? { diskret: "open", focus } : { diskret: "closed" }, origin);
    }

    function label(): void {
      path.setAttribute("d", open ? CLOSE : CHAT);
      badge.textContent = open || !unread ? "" : `${unread}`;
      button.ariaExpanded = `${open}`;
      button.title = button.ariaLabel =
        (german ? `Chat ${open ? "schließen" : "öffnen"}` : `${open ? "Close" : "Open"} chat`) +
        (badge.textContent && `, ${unread} ${german ? "neu" : "new"}`);
    }

    // The visitor has opened the chat, so it may still be there on the next page.
    function remember(): void {
      try {
        sessionStorage.diskret = open ? "open" : talking;
      } catch {}
    }

    button.onclick = () => show(!open);
    aside.onkeydown = (event) => {
      if (open && event.key === "Escape") show(false);
    };
    addEventListener("message", ({ source, origin: from, data }) => {
      if (from !== origin || source !== frame?.contentWindow) return;
      const { diskret: word, count } = Object(data);
      if (word === "ready") panel.className = word;
      if (word === "close" && open) show(false);
      if (word === "unread" && Number.isInteger(count) && count >= 0 && count < 100) {
        unread = count;
        talking = "quiet";
        remember();
        label();
      }
    });
    label();
    try {
      const before = sessionStorage.diskret;
      // Without taking the focus; on a phone the panel would hide the new page, so there only the badge lives on.
      if (before) show(before === "open" && !matchMedia(PHONE).matches, false);
    } catch {}
  }
})();
