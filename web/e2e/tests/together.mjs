// Colleagues at one conversation: what one wrote is corrected, handed over with a note, and nobody answers twice.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { open, pair } from "../lib/pair.mjs";
import { enter, openChat, said, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    reply: /^Reply to/,
    note: "Note for your team",
    menu: "Change this message",
    edit: "Edit",
    back: "Take back",
    editing: /You are changing your message/,
    late: /Already read, so it cannot be changed/,
    gone: "Taken back",
    undo: /^Undo/,
    handover: "Note with it",
    asked: /^Ben Sommer asks you about the conversation with Visitor/,
    out: /may not read this conversation/,
    mark: "A note asks you",
    called: /^New to you/,
    actions: "Actions",
    give: "Assign or hand over",
    handed: /^Ben Sommer gave you the conversation with Visitor/,
  },
  de: {
    reply: /^Antwort an/,
    note: "Notiz für Ihr Team",
    menu: "Diese Nachricht ändern",
    edit: "Bearbeiten",
    back: "Zurückholen",
    editing: /Sie ändern Ihre Nachricht/,
    late: /Schon gelesen, deshalb nicht mehr zu ändern/,
    gone: "Zurückgeholt",
    undo: /^Rückgängig/,
    handover: "Notiz dazu",
    asked: /^Ben Sommer fragt Sie zum Gespräch mit Besucher/,
    out: /darf dieses Gespräch nicht lesen/,
    mark: "Eine Notiz fragt Sie",
    called: /^Neu für Sie/,
    actions: "Aktionen",
    give: "Zuweisen oder übergeben",
    handed: /^Ben Sommer hat Ihnen das Gespräch mit Besucher/,
  },
};

async function filled(field, text) {
  for (let looks = 0; looks < 100; looks += 1) {
    if ((await field.inputValue()) === text) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`in the composer stands: ${await field.inputValue()}`);
}

test("what a note asks about is shown as it is by now, though nobody was told of the changes", async (tools) => {
  const { server, ben, lena, errors } = await pair(tools, "en", "desktop", DESKTOP);
  await ben.goto(server.app);
  await ben.getByRole("tab").nth(0).click();
  await open(lena, "4711");
  await lena.locator("textarea").fill("On it");
  await lena.locator("textarea").press("Control+Enter");
  await lena.locator(".thread").getByText("On it").waitFor();
  await lena.locator(".modes label").nth(1).click();
  await lena.getByLabel(WORDS.en.note).pressSequentially("@ben");
  await lena.getByRole("option", { name: /Ben Sommer/ }).waitFor();
  await lena.keyboard.press("Enter");
  await lena.keyboard.press("Enter");
  await ben.locator(".list").getByText(WORDS.en.mark).waitFor({ state: "attached" });
  await lena.getByRole("button", { name: "End conversation" }).click();
  await lena.getByRole("button", { name: "Reopen" }).waitFor();
  await ben.locator(".list").getByText("Visitor").first().click();
  await ben.locator(".thread").getByText("On it").waitFor();
  await ben.getByRole("button", { name: "Reopen" }).waitFor();
  assert.deepEqual(errors(), []);
});

for (const [language, device, size] of [
  ["en", "desktop", DESKTOP],
  ["de", "phone", PHONE],
]) {
  test(`a note asks a colleague, ${language} ${device}`, async (tools) => {
    const words = WORDS[language];
    const touch = device === "phone";
    const { server, ben, lena, chat, errors } = await pair(tools, language, device, size);
    const compose = async () => {
      if (touch) await ben.locator(".modes label").nth(1).tap();
      else {
        await ben.evaluate(() => document.getElementById("conversation-title").focus());
        await ben.keyboard.press("n");
      }
      await ben.getByLabel(words.note).waitFor();
      await ben.getByLabel(words.note).focus();
    };
    await compose();
    await ben.keyboard.type("Do you know this, @le");
    const option = ben.getByRole("option", { name: /Lena Roth/ });
    await option.waitFor();
    await assertAccessible(ben, "whom a note can ask");
    await picture(ben, `mention-${language}-${device}`);
    await (touch ? option.tap() : ben.keyboard.press("Enter"));
    await filled(ben.locator("textarea").last(), "Do you know this, @Lena Roth ");
    await ben.keyboard.type("?");
    await ben.keyboard.press("Enter");
    await ben.locator(".thread .note b").getByText("@Lena Roth").waitFor();

    // She is told, finds it among hers though it is nobody's, and has looked once she has looked.
    await lena.getByText(words.asked).waitFor();
    await lena.getByRole("tab").nth(0).click();
    await lena.locator(".list").getByText(words.mark).waitFor({ state: "attached" });
    await assertAccessible(lena, "a list with what a note asks");
    await picture(lena, `mentioned-${language}-${device}`);
    await lena.locator(".list").getByText("4711").first().click();
    await lena.locator(".thread .note b.me").getByText("@Lena Roth").waitFor();
    await lena.bringToFront();
    await lena.locator(".list").getByText(words.mark).waitFor({ state: "detached" });

    // To the visitor an @ is a sign like any other, and the note is nothing.
    assert.equal(await chat.getByText(/Lena|Do you know/).count(), 0);

    // Whoever reads no conversations at all is shown, and cannot be asked.
    if (!touch) {
      const officer = { name: "Olga Petri", email: "olga@example.de", role: "officer", language };
      server.addOperator(server.facts.organisation, officer);
      await compose();
      await ben.keyboard.type("@olg");
      await ben.getByRole("option", { name: words.out, disabled: true }).waitFor();
      await ben.keyboard.press("Enter");
      await filled(ben.locator("textarea").last(), "@olg");
      await ben.keyboard.press("Escape");
      await ben.getByRole("option").waitFor({ state: "detached" });
    }
    assert.deepEqual(errors(), []);
  });

  test(`a conversation is handed over with a note, ${language} ${device}`, async (tools) => {
    const words = WORDS[language];
    const { ben, lena, chat, errors } = await pair(tools, language, device, size);
    const note = ben.getByLabel(words.handover);
    if (device === "phone") {
      await ben.getByRole("button", { name: words.actions, exact: true }).tap();
      await ben.getByRole("menuitem", { name: words.give }).tap();
      await note.tap();
      await ben.keyboard.insertText("Wants the money back, @le");
      await ben.getByRole("option", { name: /Lena Roth/ }).tap();
      await filled(note, "Wants the money back, @Lena Roth ");
      await assertAccessible(ben, "the menu to assign, with a note");
      await picture(ben, `handover-${language}-${device}`);
      await ben.getByRole("menuitemradio", { name: /Lena Roth/ }).tap();
    } else {
      await ben.evaluate(() => document.getElementById("conversation-title").focus());
      await ben.keyboard.press("a");
      await ben.getByRole("menuitemradio", { name: /Lena Roth/ }).waitFor();
      // To nobody goes a note as well, and a button says so.
      await ben.getByRole("menuitemradio", { name: "Nobody", exact: true }).focus();
      await note.fill("For whoever comes");
      await ben.getByRole("button", { name: /^Assign to nobody/ }).waitFor();
      await note.fill("");
      await ben.getByRole("menuitemradio", { name: "To me" }).focus();
      // One letter after the other would lead from Lena to nobody.
      await ben.keyboard.type("len");
      await ben.keyboard.press("Tab");
      await ben.keyboard.insertText("Wants the money back, @le");
      await ben.getByRole("option", { name: /Lena Roth/ }).waitFor();
      await assertAccessible(ben, "whom the note of a hand-over can ask");
      await picture(ben, `handover-mention-${language}-${device}`);
      await ben.keyboard.press("Escape");
      await ben.getByRole("option").waitFor({ state: "detached" });
      await ben.getByRole("menuitemradio", { name: /Lena Roth/ }).waitFor();
      await ben.keyboard.press("Backspace");
      await ben.getByRole("option", { name: /Lena Roth/ }).waitFor();
      await ben.keyboard.press("Enter");
      await filled(note, "Wants the money back, @Lena Roth ");
      await ben.getByRole("button", { name: /Give to Lena Roth/ }).waitFor();
      await assertAccessible(ben, "the menu to assign, with a note");
      await picture(ben, `handover-${language}-${device}`);
      await ben.keyboard.press("Control+Enter");
    }
    await note.waitFor({ state: "detached" });
    // The note first, then who has it.
    const bens = ben.locator(".thread");
    await bens.getByText("Wants the money back").waitFor();
    await bens.locator(".note b").getByText("@Lena Roth").waitFor();
    await lena.getByText(words.handed).waitFor();
    await assertAccessible(lena, "somebody who was called");
    await lena.getByRole("tab").nth(0).click();
    // Not only told as it passes: it stays counted and marked until she has looked.
    const mark = lena.locator(".list").getByText(words.called);
    await mark.waitFor({ state: "attached" });
    assert.match(await lena.title(), /^\(1\) /);
    await picture(lena, `called-${language}-${device}`);
    await lena.bringToFront();
    await lena.getByText("4711").first().click();
    await mark.waitFor({ state: "detached" });
    await lena.locator(".thread").getByText("Wants the money back").waitFor();
    await said(chat, /Lena Roth/)
      .first()
      .waitFor();
    assert.equal(await chat.getByText("money").count(), 0);
    assert.deepEqual(errors(), []);
  });

  test(`a message that was not read yet is corrected and taken back, ${language} ${device}`, async (tools) => {
    const words = WORDS[language];
    const touch = device === "phone";
    const server = await tools.start({ setUp: { language } });
    const locale = language === "de" ? "de-DE" : "en-GB";
    const team = await tools.open({ size, language: locale, hasTouch: touch });
    const shop = await tools.open();
    const page = await visitShop(shop, server, language === "de" ? "/" : "/en.html");
    const chat = await openChat(page);
    await write(chat, "4711");
    const desk = await enter(team, server, "ben@example.de", server.facts.owner_password);
    await open(desk, "4711");
    const field = desk.locator("textarea");
    const own = desk.locator(".thread .message.us");
    // The chat is closed: what comes is not read.
    await chat.locator("#close").click();

    await field.fill("On Mnoday");
    await field.press("Control+Enter");
    await desk.getByText("On Mnoday").first().waitFor();
    if (touch) {
      await own.getByRole("button", { name: words.menu }).tap();
      await assertAccessible(desk, "the menu of a message");
      await desk.getByRole("menuitem", { name: words.edit }).tap();
    } else {
      await field.press("ArrowUp");
    }
    await desk.getByText(words.editing).waitFor();
    await filled(field, "On Mnoday");
    await assertAccessible(desk, "a message that is being corrected");
    await picture(desk, `correction-${language}-${device}`);
    await desk.keyboard.press("Escape");
    await filled(field, "");
    await desk.getByText(words.editing).waitFor({ state: "detached" });

    await field.press("ArrowUp");
    await filled(field, "On Mnoday");
    await field.fill("On Monday");
    await field.press("Enter");
    await desk.locator(".thread .message").getByText("On Monday").waitFor();
    await filled(field, "");
    assert.equal(await desk.locator(".thread").getByText("Mnoday").count(), 0);

    await field.fill("wrong window");
    await field.press("Control+Enter");
    await desk.locator(".thread .message").getByText("wrong window").waitFor();
    const menu = own.getByRole("button", { name: words.menu }).nth(1); // once it is stored
    await (touch ? menu.tap() : menu.press("Enter"));
    const back = desk.getByRole("menuitem", { name: words.back });
    await (touch ? back.tap() : back.press("Enter"));
    await desk.locator(".thread .message").getByText(words.gone, { exact: true }).waitFor();
    await assertAccessible(desk, "a message that was taken back");
    await desk.getByRole("button", { name: words.undo }).first().press("Enter");
    await filled(field, "wrong window");
    await field.fill("");

    // The visitor reads what is left, and only that.
    const launcher = page.getByRole("button", { name: /chat/i }).last();
    await launcher.click();
    await said(chat, "On Monday").waitFor();
    assert.equal(await chat.getByText(/Mnoday|wrong window/).count(), 0);
    await desk
      .locator(".thread")
      .getByText(language === "de" ? "gesehen" : "seen")
      .waitFor();
    await field.press("ArrowUp");
    await filled(field, "");
    // The owner may still erase it, and no more.
    await own.getByRole("button", { name: words.menu }).first().press("Enter");
    await desk.getByRole("menuitem").first().waitFor();
    assert.equal(await desk.getByRole("menuitem", { name: words.edit, exact: true }).count(), 0);
    assert.equal(await desk.getByRole("menuitem", { name: words.back, exact: true }).count(), 0);
    await desk.keyboard.press("Escape");

    // Beginning too early does not help: it is too late when it is read, and what was written stays.
    await chat.locator("#close").click();
    await field.fill("Bring it back");
    await field.press("Control+Enter");
    await desk.locator(".thread .message").getByText("Bring it back").waitFor();
    await field.press("ArrowUp");
    await filled(field, "Bring it back");
    await launcher.click();
    await said(chat, "Bring it back").waitFor();
    await desk.getByText(words.late).first().waitFor();
    await field.fill("Keep it");
    await field.press("Enter");
    await desk.getByRole("alert").or(desk.getByText(words.late)).first().waitFor();
    await filled(field, "Keep it");
    await field.press("Control+Enter");
    await said(chat, "Keep it").waitFor();
    assert.deepEqual(
      [...team.errors, ...shop.errors].filter((error) => !/409/.test(error)),
      [],
    );
  });
}

test("a name is chosen by Enter before the colleagues are there, and the note does not go as it was typed", async (tools) => {
  const { ben, errors } = await pair(tools, "en", "desktop", DESKTOP);
  const field = ben.getByLabel("Note for your team");
  const notes = ben.locator(".thread .note");
  let answer = () => {};
  const slowly = async () => {
    await ben.unroute("**/readers");
    const open = new Promise((done) => {
      answer = done;
    });
    await ben.route("**/readers", async (route) => {
      await open;
      await route.continue();
    });
  };
  const compose = async () => {
    await ben.locator("textarea").waitFor();
    await ben.evaluate(() => document.getElementById("conversation-title").focus());
    await ben.keyboard.press("n");
    await field.and(ben.locator(":focus")).waitFor();
  };

  // What is typed on meanwhile stays behind the name.
  await slowly();
  await compose();
  await ben.keyboard.type("@le");
  await ben.keyboard.press("Enter");
  await ben.keyboard.type("please");
  await ben.waitForTimeout(300);
  assert.equal(await notes.count(), 0, "nothing has gone");
  assert.equal(await field.inputValue(), "@leplease");
  answer();
  await filled(field, "@Lena Roth please");
  await ben.keyboard.press("Enter");
  await notes.locator("b").getByText("@Lena Roth").waitFor();
  assert.match(await notes.first().textContent(), /@Lena Roth please/);

  // Where nobody fits, Enter is what it is without a picker: late, but once.
  await ben.reload();
  await slowly();
  await compose();
  await ben.keyboard.type("price @zzz");
  await ben.keyboard.press("Enter");
  await ben.keyboard.press("Enter");
  await ben.waitForTimeout(300);
  assert.equal(await notes.count(), 1, "it waits");
  answer();
  await notes.getByText("price @zzz").waitFor();
  await filled(field, "");
  assert.equal(await notes.count(), 2);

  // Where nobody answers that is said; the next Enter sends it as it was typed.
  await ben.reload();
  await ben.unroute("**/readers");
  await ben.route("**/readers", (route) => route.abort());
  await compose();
  await ben.keyboard.type("@le");
  await ben.keyboard.press("Enter");
  await ben.getByText("Your colleagues could not be loaded.").waitFor();
  assert.equal(await notes.count(), 2);
  await ben.keyboard.press("Enter");
  await notes.getByText("@le", { exact: true }).waitFor();
  assert.deepEqual(
    errors().filter((error) => !error.includes("ERR_FAILED")),
    [],
  );
});
