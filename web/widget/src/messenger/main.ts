import type { WidgetConfig } from "@diskret/api";
import { backoff } from "@diskret/api/backoff";
import { maskCards } from "../redact";
import { composer } from "./composer";
import { connection } from "./connection";
import { find } from "./dom";
import { randomSender } from "./frames";
import { list } from "./list";
import { calendar, choose } from "./locale";
import { Memory } from "./memory";
import { messages } from "./messages";
import { parentPage } from "./parent";
import { SendQueue } from "./queue";
import { rows } from "./rows";
import { scroll } from "./scroll";
import { Session } from "./session";
import { status } from "./status";
import type { Placed } from "./timeline";

const widget = location.pathname.split("/").pop() ?? ""; // ids are letters and digits
const language = choose(location.hash.slice(1), navigator.language) ?? "en";
const texts = messages[language];
const dates = calendar(language, texts);
const memory = new Memory(widget);
const leftover = memory.take();
const queue = new SendQueue(leftover?.pending.length ? leftover.sender : randomSender());
if (leftover?.pending.length) queue.resume(leftover.pending, leftover.counter);

let config: WidgetConfig | undefined;
let open = false;
let fresh = 0; // first message that came while the visitor was not looking
let drawing: ReturnType<typeof setTimeout> | undefined;

const session = new Session(queue, memory, { widget, language }, { change, incoming, refused });
const wire = connection(`${location.origin.replace("http", "ws")}/socket`, session, overHttp);
session.wire = wire;

const drawStatus = status(session, texts);
const lines = list(texts);
const view = scroll(lines, look);
const input = composer(session, texts, () => {
  fresh = 0;
  view.toEnd();
  draw();
});

const tell = parentPage((word) => {
  const opens = word.diskret === "open" && !open;
  open = word.diskret === "open";
  if (open || memory.token || session.started) wire.start();
  // Nobody has written and nobody looks: no reason to hold a socket.
  else wire.stop();
  if (!open) fresh = 0;
  draw();
  if (opens) view.toFresh();
  // Not on touch screens, where focus would raise the keyboard over the conversation.
  if (word.diskret === "open" && word.focus && matchMedia("(pointer: fine)").matches) input.field.focus();
});

function change(): void {
  drawing ??= setTimeout(draw, 8); // one drawing for a burst of frames
}

function draw(): void {
  clearTimeout(drawing);
  drawing = undefined;
  const { unread } = session;
  if (!fresh && unread.length && !(looking() && view.atEnd())) fresh = unread[0] ?? 0;
  const organisation = config?.organisation ?? "";
  const greeting = config?.greeting ?? "";
  view.around(() => {
    lines.draw(rows({ session, texts, calendar: dates, organisation, greeting, fresh }));
    drawStatus(config);
  });
  input.fit();
  look();
}

/** Tells the server what has been on screen, and the loader what has not. */
function look(): void {
  if (looking()) session.see(view.inView(memory.seen));
  const count = session.unread.length;
  view.jump(texts.newest(count));
  if (session.started) tell({ diskret: "unread", count: open ? 0 : Math.min(count, 99) });
}

function looking(): boolean {
  return open && document.visibilityState === "visible";
}

function incoming({ entry }: Placed): void {
  if (looking() && entry.type === "message") find("spoken").textContent = `${entry.author.name ?? ""}: ${entry.text}`;
}

function refused(text: string): void {
  input.restore(text);
}

/** A file of its own, for the few networks that need it. A new address after a failure: some browsers remember it. */
function overHttp(failed: number): Promise<typeof import("@diskret/api/frames-over-http")> {
  const path = `/frames-over-http.js?${failed}`;
  return import(/* @vite-ignore */ path);
}

async function configure(attempt = 0): Promise<void> {
  try {
    const answer = await fetch(`/config/${widget}.json`, { credentials: "omit" });
    if (!answer.ok) throw answer.status;
    config = (await answer.json()) as WidgetConfig;
    // The style sheet makes the shades that can be read; it ignores what is not a colour.
    document.documentElement.style.setProperty("--brand", config.colour);
    draw();
  } catch {
    setTimeout(configure, backoff(attempt), attempt + 1);
  }
}

function close(): void {
  tell({ diskret: "close" });
}

document.documentElement.lang = language;
const button = find("close");
button.hidden = window.parent === window;
button.ariaLabel = button.title = texts.close;
button.onclick = close;
find("scroll").ariaLabel = texts.conversation;
find("notice").textContent = texts.notice;
document.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && close());
for (const change of ["online", "offline", "visibilitychange"]) addEventListener(change, draw);
// The host page goes to its next address: leave what would be lost to the next page load of this tab.
addEventListener("pagehide", () => {
  const draft = maskCards(input.field.value).text;
  memory.leave({ draft, sender: queue.sender, counter: queue.last, pending: [...queue.pending] });
});
// Brought back from the back-forward cache, but another page load may have taken over the leftover.
addEventListener("pageshow", (event) => event.persisted && location.reload());

input.restore(leftover?.draft ?? "");
draw();
configure();
