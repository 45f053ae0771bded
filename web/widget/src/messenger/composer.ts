import { maskCards } from "../redact";
import { find } from "./dom";
import { characters } from "./frames";
import type { Messages } from "./messages";
import type { Session } from "./session";
import { typing } from "./typing";

const WARN = 500; // characters before the limit

/** The field, its limit and its button. Text leaves it only when the queue has taken it. */
export function composer(session: Session, texts: Messages, sent: () => void) {
  const field = find<HTMLTextAreaElement>("text");
  const button = find("send");
  const counter = find("counter");
  const typed = typing((on) => session.type(on));

  field.placeholder = field.ariaLabel = texts.write;
  button.ariaLabel = button.title = texts.send;
  field.oninput = () => {
    fit();
    typed(!!field.value.trim());
  };
  field.onkeydown = (event) => {
    // 229: Safari ends an input-method composition before it reports the Enter that confirmed it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  };
  find("composer").onsubmit = (event) => {
    event.preventDefault();
    submit();
    field.focus();
  };
  return { field, fit, restore };

  /** Puts text back without losing what stands there. */
  function restore(text: string): void {
    field.value = [text, field.value].filter(Boolean).join("\n");
    fit();
  }

  /** Makes height, counter and button fit the text. True: it can be sent. */
  function fit(): boolean {
    field.style.height = "0";
    field.style.height = `${field.scrollHeight + 2}px`;
    const left = session.limits.text_characters - characters(field.value);
    counter.textContent = left < 0 ? texts.over(-left) : left <= WARN ? texts.left(left) : "";
    counter.className = left < 0 ? "over" : "";
    const ready = left >= 0 && !!field.value.trim() && session.link !== "gone";
    button.ariaDisabled = `${!ready}`;
    return ready;
  }

  function submit(): void {
    if (!fit()) return;
    const { text, masked } = maskCards(field.value.trim());
    session.write(text, masked > 0);
    field.value = "";
    typed(false);
    sent();
  }
}
