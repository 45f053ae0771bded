import type { WidgetConfig } from "@diskret/api";
import { find } from "./dom";
import type { Messages } from "./messages";
import type { Session } from "./session";

const PATIENCE = 800; // a reconnect faster than this is nobody's business

/** Header, the thin line while there is no connection, who types, and what keeps messages from being sent. */
export class Status {
  #since = 0;
  #later?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly session: Session,
    private readonly texts: Messages,
  ) {}

  draw(config?: WidgetConfig): void {
    const { session, texts } = this;
    if (config) {
      const { organisation } = config;
      document.title = texts.title(organisation);
      say("organisation", organisation);
      say("logo", [...organisation][0]?.toUpperCase() ?? "");
      const here = session.presence ?? config.online;
      say("answer", here ? texts.online : texts.offline);
      find("answer").className = here ? "here" : "";
    }
    say("typing", session.typing && texts.isTyping(session.typing));
    say("trouble", this.#trouble());
    this.#line();
  }

  #trouble(): string {
    const { link, trouble } = this.session;
    if (link === "gone" || link === "outdated") return this.texts[link];
    return trouble ? this.texts[trouble.why](trouble.seconds ?? 0) : "";
  }

  #line(): void {
    const { link } = this.session;
    const down = link === "connecting" || link === "lost";
    if (!down) this.#since = 0;
    else this.#since ||= Date.now();
    const wait = this.#since + PATIENCE - Date.now();
    clearTimeout(this.#later);
    if (down && wait > 0) this.#later = setTimeout(() => this.#line(), wait);
    const text = down && wait <= 0 ? (navigator.onLine ? this.texts[link] : this.texts.noNetwork) : "";
    say("line", text);
  }
}

/** Only on change, so that live regions do not repeat themselves. An empty element hides itself in the style sheet. */
function say(id: string, text: string): void {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
}
