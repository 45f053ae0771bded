import { maskCards } from "../redact";
import { find } from "./dom";
import { characters } from "./frames";
import type { Messages } from "./messages";
import type { Session } from "./session";
import { Typing } from "./typing";

const WARN = 500; // characters before the limit

/** The field, its limit and its button. Text leaves it only when the queue has taken it. */
export class Composer {
  readonly #field = find<HTMLTextAreaElement>("text");
  readonly #button = find("send");
  readonly #counter = find("counter");
  readonly #typing: Typing;

  constructor(
    private readonly session: Session,
    private readonly texts: Messages,
    private readonly sent: () => void,
  ) {
    this.#typing = new Typing((on) => session.type(on));
    this.#field.placeholder = texts.write;
    find("text-label").textContent = texts.write;
    this.#button.ariaLabel = this.#button.title = texts.send;
    this.#field.oninput = () => {
      this.fit();
      this.#typing.input(!!this.#field.value.trim());
    };
    this.#field.onkeydown = (event) => {
      // 229: Safari ends an input-method composition before it reports the Enter that confirmed it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    };
    find<HTMLFormElement>("composer").onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
      this.#field.focus();
    };
  }

  get text(): string {
    return this.#field.value;
  }

  /** Puts text back without losing what stands there. */
  restore(text: string): void {
    this.#field.value = [text, this.#field.value].filter(Boolean).join("\n");
    this.fit();
  }

  focus(): void {
    this.#field.focus();
  }

  fit(): void {
    const { texts } = this;
    const field = this.#field;
    const counter = this.#counter;
    field.style.height = "0";
    field.style.height = `${field.scrollHeight + 2}px`;
    const left = this.#left();
    counter.textContent = left < 0 ? texts.over(-left) : left <= WARN ? texts.left(left) : "";
    counter.className = left < 0 ? "over" : "";
    this.#button.ariaDisabled = `${!this.#ready(left)}`;
  }

  #left(): number {
    return this.session.limits.text_characters - characters(this.#field.value);
  }

  #ready(left: number): boolean {
    const { link } = this.session;
    return left >= 0 && !!this.#field.value.trim() && link !== "gone" && link !== "outdated";
  }

  #submit(): void {
    const { session } = this;
    const field = this.#field;
    const { text, masked } = maskCards(field.value.trim());
    if (!this.#ready(this.#left())) return;
    session.write(text, masked > 0);
    field.value = "";
    this.#typing.input(false);
    this.fit();
    this.sent();
  }
}
