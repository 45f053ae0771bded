import type { WidgetConfig } from "@diskret/api";
import { find } from "./dom";
import type { Messages } from "./messages";
import { REFUSED, type Session } from "./session";

const PATIENCE = 800; // a reconnect faster than this is nobody's business

/** Header, the thin line while there is no connection, who types, and what keeps messages from being sent. */
export function status(session: Session, texts: Messages) {
  let since = 0;
  let later: ReturnType<typeof setTimeout>;

  return (config?: WidgetConfig): void => {
    if (config) {
      const { organisation } = config;
      document.title = organisation;
      say("organisation", organisation);
      say("logo", [...organisation][0] ?? "");
      const here = session.presence ?? config.online;
      say("answer", here ? texts.online : texts.offline);
      find("answer").className = here ? "here" : "";
    }
    say("typing", session.typing && texts.isTyping(session.typing));
    say("trouble", trouble());
    line();
  };

  function trouble(): string {
    const { link, trouble } = session;
    if (link === "gone") return texts.gone;
    if (!trouble) return "";
    return trouble === REFUSED ? texts.refused : texts.unavailable(Math.ceil(trouble / 1000));
  }

  function line(): void {
    const down = session.link === "lost";
    since = down ? since || Date.now() : 0;
    const wait = since + PATIENCE - Date.now();
    clearTimeout(later);
    if (down && wait > 0) later = setTimeout(line, wait);
    // Nobody has been here before the first word about presence.
    const state = session.presence === undefined ? texts.connecting : texts.lost;
    say("line", down && wait <= 0 ? `${navigator.onLine ? state : texts.noNetwork} ${texts.afterwards}` : "");
  }
}

/** Only on change, so that live regions do not repeat themselves. An empty element hides itself in the style sheet. */
function say(id: string, text: string): void {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
}
