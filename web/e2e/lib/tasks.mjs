// What the ten tasks take, in the order in which a day has them. `hands` are keys or fingers; each task looks at the visitor's
// page or asks the server whether it was done.
import assert from "node:assert/strict";
import { assertAccessible } from "./accessible.mjs";
import { picture } from "./browser.mjs";
import { Keys } from "./hands.mjs";
import { said, write } from "./people.mjs";

const byKeys = (hands) => hands instanceof Keys;

/** Sees to it that something comes true at the server. */
async function comes(look, what) {
  for (let looks = 0; looks < 60; looks += 1) {
    if (await look()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`the server does not know: ${what}`);
}

async function answerLongestWaiting({ desk, language, words, visitor, one }, hands) {
  if (byKeys(hands)) await hands.palette(words.longest);
  else {
    await hands.find();
    await assertAccessible(desk, "ways to find a conversation");
    await picture(desk, `find-${language}-phone`);
    await hands.tap(desk.getByRole("button", { name: words.longest }));
  }
  await hands.thread.getByText("4711 once more").waitFor();
  if (byKeys(hands)) {
    await hands.compose();
    await hands.type("It left today.");
    await hands.press("Control+Enter");
  } else {
    await hands.write(hands.composer, "It left today.");
    await hands.send();
  }
  await said(visitor.chat, "It left today.").waitFor();
  const { waiting_since, assignee } = await one("4711");
  assert.equal(waiting_since, null);
  assert.equal(assignee.name, "Ben Sommer");
}

async function correctTypo({ desk, words, visitor, entries }, hands) {
  const own = desk.locator(".message", { hasText: "On Mnoday, 4711" }).getByRole("button", { name: words.change });
  await visitor.close(); // so that it is not read at once
  if (byKeys(hands)) {
    await hands.type("On Mnoday, 4711");
    await hands.press("Control+Enter");
    await hands.thread.getByText("On Mnoday, 4711").first().waitFor();
    await own.waitFor(); // once it is stored
    await hands.press("ArrowUp");
    await hands.written(/On Mnoday/);
    await hands.press("Control+a");
    await hands.type("On Monday, 4711");
    await hands.press("Enter");
  } else {
    await hands.write(hands.composer, "On Mnoday, 4711");
    await hands.sendNow();
    await hands.tap(own);
    await hands.tap(desk.getByRole("menuitem", { name: words.edit }));
    await hands.written(/On Mnoday/);
    // A finger marks the word; the tool cannot, so the caret goes by what the keyboard on the screen does.
    await desk.evaluate(() => document.querySelector(".composer textarea").select());
    await desk.keyboard.insertText("On Monday, 4711");
    await hands.send();
  }
  await comes(async () => (await entries("4711")).some(({ text }) => text === "On Monday, 4711"), "the correction");
  await visitor.open();
  await said(visitor.chat, "On Monday, 4711").waitFor();
  assert.equal(await visitor.chat.getByText("Mnoday").count(), 0);
  if (byKeys(hands)) await hands.leave();
}

async function answerFromDeadConnection({ server, desk, words, visitor }, hands) {
  await hands.open("4711");
  await server.stop("SIGKILL");
  await write(visitor.chat, "Are you there?");
  await desk.getByText(words.lost).first().waitFor();
  if (byKeys(hands)) {
    await hands.compose();
    await hands.type("Written meanwhile.");
    await hands.press("Control+Enter");
  } else {
    await hands.write(hands.composer, "Written meanwhile.");
    await hands.sendNow();
  }
  await hands.thread.getByText("Written meanwhile.").waitFor();
  await server.run();
  await said(visitor.chat, "Written meanwhile.").waitFor({ timeout: 45_000 });
  await hands.thread.getByText("Are you there?").waitFor({ timeout: 45_000 });
  assert.equal(await said(visitor.chat, "Written meanwhile.").count(), 1, "once");
  if (byKeys(hands)) await hands.leave();
}

async function handOverWithNote({ desk, words, lena, one, entries }, hands) {
  await hands.open("4712");
  if (byKeys(hands)) {
    await hands.press("a");
    const her = desk.getByRole("menuitemradio", { name: /Lena Roth/ });
    await her.waitFor();
    await desk.waitForFunction(() => document.activeElement?.getAttribute("role") === "menuitemradio");
    await hands.press("l");
    await hands.press("Tab");
    await hands.type("Wants the money back");
    await hands.press("Control+Enter");
  } else {
    await hands.action(words.give);
    await hands.write(desk.getByLabel(words.note), "Wants the money back");
    await hands.tap(desk.getByRole("menuitemradio", { name: /Lena Roth/ }));
  }
  await lena.getByText(words.handed).waitFor();
  assert.equal((await one("4712")).assignee.name, "Lena Roth");
  assert.ok((await entries("4712")).some(({ note, text }) => note && text === "Wants the money back"));
}

async function askColleagueByNote({ desk, words, lena, entries }, hands) {
  await hands.open("4712");
  const her = desk.getByRole("option", { name: /Lena Roth/ });
  if (byKeys(hands)) {
    await hands.compose("note");
    await hands.type("Ask the warehouse, @le");
    await her.waitFor();
    await hands.press("Enter");
    await hands.written(/@Lena Roth $/);
    await hands.type("today");
    await hands.press("Enter");
  } else {
    await hands.tap(desk.locator(".modes label", { hasText: words.noteMode }));
    await hands.write(hands.composer, "Ask the warehouse, @le");
    await hands.tap(her);
    await hands.written(/@Lena Roth $/);
    await desk.keyboard.insertText("today");
    await hands.send();
  }
  await lena.getByText(words.asked).waitFor();
  const notes = (await entries("4712")).filter(({ note }) => note);
  assert.match(notes.at(-1).text, /^Ask the warehouse, @\[[a-z2-7]{26}\] today$/);
  if (byKeys(hands)) await hands.leave();
}

async function endAndTag({ desk, words, one }, hands) {
  await hands.open("4713");
  const tick = desk.getByRole("menuitemcheckbox", { name: words.returns });
  if (byKeys(hands)) {
    await hands.press("t");
    await tick.and(desk.locator(":focus")).waitFor();
    await hands.press("Enter");
    await desk.locator('[role="menuitemcheckbox"][aria-checked="true"]').waitFor();
    await hands.press("Escape");
    await hands.press("e");
  } else {
    // Both in one menu: it stays open for a second topic.
    await hands.tap(desk.getByRole("button", { name: words.actions, exact: true }));
    await hands.tap(tick);
    await desk.locator('[role="menuitemcheckbox"][aria-checked="true"]').waitFor();
    await hands.tap(desk.getByRole("menuitem", { name: words.end }));
  }
  await comes(async () => (await one("4713")).state === "ended", "that it ended");
  assert.deepEqual(
    (await one("4713")).topics.map(({ name }) => name),
    [words.returns],
  );
}

async function answerWithSnippet({ desk, language, entries }, hands) {
  await hands.open("4715"); // whose visitor speaks the other language
  const text = language === "de" ? "The parcel is on its way." : "Das Paket ist unterwegs.";
  if (byKeys(hands)) {
    await hands.press("s");
    await desk.getByRole("option", { name: /parcel/ }).waitFor();
    await hands.press("Enter");
    await hands.written(new RegExp(text));
    await hands.press("Control+Enter");
  } else {
    await hands.tap(desk.locator(".composer .snippets"));
    await hands.tap(desk.getByRole("option", { name: /parcel/ }));
    await hands.written(new RegExp(text));
    await hands.sendNow();
  }
  await comes(async () => (await entries("4715")).some((entry) => entry.text === text), "the answer");
  if (byKeys(hands)) await hands.leave();
}

async function findYesterday({ team, words, rows, one }, hands) {
  // To this window a day has passed.
  const page = await team.newPage();
  await page.clock.install({ time: Date.now() + 86_400_000 });
  await page.goto(new URL("/", hands.page.url()).href);
  await page.getByRole("tab").nth(1).waitFor();
  const later = new hands.constructor(page, words);
  const { label } = rows["4714"];
  if (byKeys(later)) await later.palette(label, new RegExp(`${label} – 4714`));
  else {
    await later.search(label);
    await later.tap(page.getByRole("option", { name: new RegExp(`${label} – 4714`) }));
  }
  await later.thread.getByText("4714").waitFor();
  await later.thread.getByText(words.yesterday).first().waitFor();
  assert.equal(new URL(page.url()).pathname.split("/").at(-1), (await one("4714")).id);
  await later.done();
  hands.presses += later.presses;
  await page.close();
}

async function goAwayForLunch({ desk, words, lena, ask }, hands) {
  const away = async () => (await ask(lena, "/api/operators")).find(({ name }) => name === "Ben Sommer").away;
  assert.equal(await away(), false);
  if (byKeys(hands)) await hands.palette(words.beAway);
  else {
    await hands.home();
    await hands.tap(desk.locator(".me-button"));
    await hands.tap(desk.getByRole("menuitemradio", { name: words.away }));
  }
  await comes(away, "that he is away");
}

async function seeWhoChanged({ desk, words, lena, ask }, hands) {
  const [widget] = await ask(lena, "/api/widgets");
  await ask(lena, `/api/widgets/${widget.id}`, "PATCH", { greeting: "Moin!" });
  if (byKeys(hands)) await hands.palette(words.log, new RegExp(words.log));
  else {
    await hands.home();
    await hands.tap(desk.getByRole("link", { name: words.settings }));
    await hands.tap(desk.getByRole("link", { name: words.log, exact: true }));
  }
  const entry = desk.locator("summary", { hasText: words.changed });
  if (byKeys(hands)) await hands.go(entry);
  else await hands.tap(entry);
  await desk.getByRole("cell", { name: widget.greeting, exact: true }).waitFor();
  await desk.getByRole("cell", { name: "Moin!", exact: true }).waitFor();
}

export const TASKS = {
  "answer who waits longest": answerLongestWaiting,
  "correct a typo": correctTypo,
  "hand over with a note": handOverWithNote,
  "ask a colleague": askColleagueByNote,
  "end and tag": endAndTag,
  "answer with a snippet": answerWithSnippet,
  "go away for lunch": goAwayForLunch,
  "come back from a dead connection": answerFromDeadConnection,
  "see who changed a setting": seeWhoChanged,
  "find yesterday's chat": findYesterday,
};
