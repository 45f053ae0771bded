// Every screen of the first shape: desktop and phone, light and dark, German and English. Pictures for the guides, and no
// finding of the accessibility checker.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { fillIn, launcher, openChat, said, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    locale: "en-GB",
    shop: "/en.html",
    password: "Password",
    reply: "Reply",
    replyTo: /^Reply to/,
    note: "Note",
    noteFor: "Note for your team",
    sent: /· sent/,
    lines: ["Hello, my parcel never arrived. Order 4711-0815.", "I paid with card 4242 4242 4242 4242 if that helps."],
    noteText: "Depot says delivered to a neighbour.",
    answer: "Good morning, let me look where it is.",
  },
  de: {
    locale: "de-DE",
    shop: "/",
    password: "Passwort",
    reply: "Antwort",
    replyTo: /^Antwort an/,
    note: "Notiz",
    noteFor: "Notiz für Ihr Team",
    sent: /· gesendet/,
    lines: [
      "Guten Tag, mein Paket ist nicht angekommen. Bestellung 4711-0815.",
      "Bezahlt mit Karte 4242 4242 4242 4242.",
    ],
    noteText: "Depot sagt: beim Nachbarn abgegeben.",
    answer: "Guten Morgen, ich sehe nach, wo es ist.",
  },
};

for (const language of ["en", "de"]) {
  for (const [device, size] of [
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ]) {
    for (const dark of [false, true]) {
      const words = WORDS[language];
      const name = `${language}-${device}-${dark ? "dark" : "light"}`;
      test(`screens ${name}`, async ({ start, open }) => {
        const server = await start({ setUp: { language } });
        const options = { size, dark, language: words.locale, hasTouch: device === "phone" };
        const [team, shop] = [await open(options), await open({ ...options, lasting: true })];

        // The visitor: closed, open, written, nobody there.
        const page = await shop.newPage();
        await page.goto(server.shop + words.shop);
        await launcher(page).waitFor();
        await picture(page, `shop-closed-${name}`);
        const chat = await openChat(page);
        const messenger = page.frames().find((frame) => frame.url().includes("/messenger/"));
        await messenger.locator("#organisation:not(:empty)").waitFor(); // its words come with the server's answer
        await assertAccessible(messenger, "messenger, nobody there");
        await picture(page, `widget-offline-${name}`);
        for (const line of words.lines) {
          await write(chat, line);
          await said(chat, line.slice(0, 12)).getByText(words.sent).waitFor();
        }
        await assertAccessible(messenger, "messenger with messages");

        // The operator: signed out, list, conversation, note, help, settings.
        const desk = await team.newPage();
        await desk.goto(server.app);
        await desk.getByLabel(words.password, { exact: true }).waitFor();
        await assertAccessible(desk, "sign-in");
        await picture(desk, `sign-in-${name}`);
        await fillIn(desk, language, "ben@example.de", server.facts.owner_password);
        await desk.getByRole("tab").nth(1).click();
        await desk.getByText("4242").first().waitFor();
        await assertAccessible(desk, "list");
        await picture(desk, `list-${name}`);
        await desk.getByText("4242").first().click();
        await desk.getByLabel(words.replyTo).waitFor();
        await desk.locator("label", { hasText: words.note }).click();
        await desk.getByLabel(words.noteFor).fill(words.noteText);
        await assertAccessible(desk, "composer for a note");
        await picture(desk, `note-mode-${name}`);
        await desk.getByLabel(words.noteFor).press("Enter");
        await desk.getByText(words.noteText).first().waitFor();
        await desk.locator("label", { hasText: words.reply }).click();
        await desk.getByLabel(words.replyTo).fill(words.answer);
        await desk.getByLabel(words.replyTo).press("Enter");
        await said(chat, words.answer).waitFor();
        assert.equal(await chat.getByText(words.noteText).count(), 0, "a note never reaches the visitor");
        await assertAccessible(desk, "conversation");
        await picture(desk, `message-centre-${name}`);
        await picture(page, `widget-${name}`);
        await desk.goto(`${server.app}/settings/widget`);
        await desk.getByText("data-widget=").first().waitFor();
        await assertAccessible(desk, "settings");
        await picture(desk, `settings-${name}`);
        assert.deepEqual([...team.errors, ...shop.errors], []);
      });
    }
  }
}
