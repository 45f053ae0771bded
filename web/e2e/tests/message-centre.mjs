// The message centre as somebody uses it who answers all day: by keyboard, with texts written once, and with second thoughts.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { openChat, openConversation, outOfComposer, said, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

/** An owner at their desk and a visitor who wrote, in its conversation. */
async function talking(
  { start, open },
  { team: options = {}, shop: path = "/en.html", text = "Where is my parcel?" } = {},
) {
  const server = await start({ setUp: {} });
  const [team, shop] = [await open(options), await open()];
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const page = await visitShop(shop, server, path);
  const chat = await openChat(page);
  await write(chat, text);
  await openConversation(desk, text);
  return { server, team, shop, desk, page, chat };
}

const composer = (desk) => desk.getByLabel(/^Reply to/);

/** Waits until what stands in the composer is as wished: what a key does shows a moment later. */
async function filled(desk, isWished) {
  for (let looks = 0; looks < 100; looks += 1) {
    if (isWished(await composer(desk).inputValue())) return;
    await desk.waitForTimeout(50);
  }
  assert.fail(`in the composer stands: ${await composer(desk).inputValue()}`);
}

/** Writes a snippet on the page of the settings, from the button that has the focus to the one that saves. */
async function writeSnippet(desk, { word, title, de, en }) {
  await desk.keyboard.press("Enter");
  await desk.getByRole("dialog").waitFor();
  await desk.locator('input[name="shortcut"]').focus();
  await desk.keyboard.type(word);
  for (const text of [title, de, en]) {
    await desk.keyboard.press("Tab");
    await desk.keyboard.insertText(text);
  }
  await desk.keyboard.press("Tab"); // cancel
  await desk.keyboard.press("Tab"); // save
  await desk.keyboard.press("Enter");
  await desk.getByRole("dialog").waitFor({ state: "detached" });
}

test("snippets are written once and inserted by keyboard, in the visitor's language and with names", async (tools) => {
  const { server, desk, chat, team } = await talking(tools, { shop: "/", text: "Wo ist mein Paket?" });
  await desk.goto(`${server.app}/settings/snippets`);
  await desk.getByRole("button", { name: "Add shared snippet" }).focus();
  await writeSnippet(desk, {
    word: "Danke",
    title: "Thanks for writing",
    de: "Guten Tag {visitor},\nhier ist {operator} von {organisation}.",
    en: "Hello {visitor}, this is {operator}.",
  });
  await desk.getByText("/danke", { exact: true }).waitFor();
  await desk.getByRole("button", { name: "Add own snippet" }).focus();
  await writeSnippet(desk, { word: "bye", title: "Only in English", de: "", en: "Have a good day." });
  await desk.getByText("/bye", { exact: true }).waitFor();
  await assertAccessible(desk, "snippets");

  // What is deleted can be had back.
  await desk.getByRole("button", { name: "Delete /bye" }).focus();
  await desk.keyboard.press("Enter");
  await desk.getByText("/bye", { exact: true }).waitFor({ state: "detached" });
  await desk.getByRole("button", { name: /^Undo/ }).press("Enter");
  await desk.getByText("/bye", { exact: true }).waitFor();

  await desk.goBack();
  await composer(desk).waitFor();
  await outOfComposer(desk);
  await desk.keyboard.press("r");
  await desk.keyboard.press("/");
  const search = desk.getByRole("combobox", { name: "Search snippets" });
  await search.waitFor();
  await desk.getByRole("option", { name: /danke/ }).waitFor();
  await assertAccessible(desk, "snippet picker");
  await desk.keyboard.type("bye");
  await desk.getByText("Only there in English.").waitFor();
  await desk.keyboard.press("Control+a");
  await desk.keyboard.type("than");
  await desk.getByText(/hier ist Ben Sommer von Nordlicht Versand/).waitFor();
  await desk.keyboard.press("Enter");
  await filled(desk, (text) => text !== "");
  const text = await composer(desk).inputValue();
  assert.match(text, /^Guten Tag Besucher \w{4},\nhier ist Ben Sommer von Nordlicht Versand\.$/);
  assert.equal(await desk.evaluate(() => document.activeElement.tagName), "TEXTAREA");
  await desk.keyboard.type(" Moment.");
  await desk.keyboard.press("Control+Enter");
  await said(chat, /hier ist Ben Sommer von Nordlicht Versand\. Moment\./).waitFor();

  // A slash can still be written, and Escape closes.
  await desk.keyboard.press("/");
  await search.waitFor();
  await desk.keyboard.press("/");
  await filled(desk, (text) => text === "/");
  await desk.keyboard.press("Backspace");
  await desk.keyboard.press("/");
  await search.waitFor();
  await desk.keyboard.press("Escape");
  await search.waitFor({ state: "detached" });
  assert.equal(await desk.evaluate(() => document.activeElement.tagName), "TEXTAREA");
  assert.deepEqual(team.errors, []);
});

test("a reply can be taken back for five seconds, by Escape or Z, and goes when the page is left", async (tools) => {
  const { server, desk, chat } = await talking(tools);
  await composer(desk).fill("wrong window");
  await composer(desk).press("Enter");
  await desk.getByText("goes in a moment").waitFor();
  assert.equal(await composer(desk).inputValue(), "");
  await assertAccessible(desk, "a reply that is held");
  await picture(desk, "undo-send-en-desktop-light");
  await desk.keyboard.press("Escape");
  await filled(desk, (text) => text === "wrong window"); // back where it was written
  await composer(desk).fill("also wrong");
  await composer(desk).press("Enter");
  await outOfComposer(desk);
  await desk.keyboard.press("z");
  await filled(desk, (text) => text === "also wrong");
  await composer(desk).fill("right");
  await composer(desk).press("Enter");
  const since = Date.now();
  await said(chat, "right").waitFor();
  assert.ok(Date.now() - since > 3_500, "it was held");
  assert.equal(await chat.getByText("wrong").count(), 0);

  desk.on("dialog", (dialog) => dialog.accept());
  await composer(desk).fill("left behind");
  await composer(desk).press("Enter");
  await desk.goto(`${server.app}/settings/notifications`);
  await said(chat, "left behind").waitFor();
});

test("everything can be done from the palette, and the help shows every key", async (tools) => {
  const { desk, chat, team, server } = await talking(tools);
  server.addOperator(server.facts.organisation, { name: "Lena Roth", email: "lena@example.de" });
  const run = async (words) => {
    await desk.keyboard.press("Control+k");
    await desk.getByRole("combobox", { name: /Search commands|Befehle/ }).waitFor();
    await desk.keyboard.insertText(words);
    await desk.keyboard.press("Enter");
    await desk.getByRole("dialog").waitFor({ state: "detached" });
  };
  await desk.keyboard.press("Control+k");
  await desk.getByRole("option", { name: /Assign to Lena Roth/ }).waitFor();
  await assertAccessible(desk, "palette");
  await picture(desk, "palette-en-desktop-light");
  await desk.keyboard.press("Escape");
  await run("assign lena");
  await chat
    .getByText(/Lena Roth is here for you now/)
    .first()
    .waitFor();
  await run("end conversation");
  await chat
    .getByText(/Conversation ended/)
    .first()
    .waitFor();
  await run("reopen");
  await run("write note");
  await desk.keyboard.insertText("from the palette");
  assert.equal(await desk.getByLabel("Note for your team").inputValue(), "from the palette");
  await desk.keyboard.press("Control+a");
  await desk.keyboard.press("Delete");

  // From the list: a slash, and words that stand in the message.
  await desk.keyboard.press("Escape");
  await desk.keyboard.press("Escape");
  await desk.getByText("Choose a conversation on the left.").waitFor();
  await desk.keyboard.press("/");
  await desk.getByRole("combobox").waitFor();
  await desk.keyboard.insertText("parcel");
  await desk.keyboard.press("Enter");
  await desk
    .getByRole("heading", { name: /Visitor/ })
    .first()
    .waitFor();
  await run("appearance dark");
  assert.equal(await desk.evaluate(() => document.documentElement.dataset.theme), "dark");
  await run("german");
  await desk.getByRole("tab", { name: /Meine/ }).waitFor();
  await desk.keyboard.press("Control+k");
  await desk.getByRole("option", { name: /Gespräch beenden/ }).waitFor();
  await picture(desk, "palette-de-desktop-dark");
  await assertAccessible(desk, "palette, German and dark");
  await desk.keyboard.press("Escape");
  await outOfComposer(desk);
  await desk.keyboard.press("?");
  for (const key of ["J", "K", "R", "N", "S", "A", "E", "Z", "/", "?"])
    await desk
      .locator("dialog kbd", { hasText: new RegExp(`^\\${key}$`) })
      .first()
      .waitFor();
  assert.deepEqual(team.errors, []);
});

for (const [language, device, size, dark] of [
  ["en", "desktop", DESKTOP, false],
  ["en", "phone", PHONE, true],
  ["de", "desktop", DESKTOP, true],
  ["de", "phone", PHONE, false],
]) {
  const name = `${language}-${device}-${dark ? "dark" : "light"}`;
  test(`message centre's pages ${name}`, async ({ start, open }) => {
    const server = await start({ setUp: { language } });
    const locale = language === "de" ? "de-DE" : "en-GB";
    const team = await open({ size, dark, language: locale, hasTouch: device === "phone" });
    const shop = await open();
    const chat = await openChat(await visitShop(shop, server, language === "de" ? "/" : "/en.html"));
    await write(chat, "4711");
    const desk = await team.newPage();
    await desk.goto(server.app);
    await desk.locator('input[type="email"], input[name="email"]').first().fill("ben@example.de");
    await desk.locator('input[name="password"]').fill(server.facts.owner_password);
    await desk.locator('button[type="submit"]').click();
    await desk.getByRole("tab").nth(1).waitFor();
    await desk.evaluate(async () => {
      for (const [shortcut, shared, title, de, en] of [
        ["gruss", true, "Begrüßung", "Guten Tag {visitor}, hier ist {operator}.", "Hello {visitor}, {operator} here."],
        [
          "versand",
          true,
          "Shipping",
          "Wir liefern nach Österreich und in die Schweiz.",
          "We ship to Austria and Switzerland.",
        ],
        ["moment", false, "One moment", "Einen Moment bitte, ich sehe nach.", "One moment please, let me look."],
      ])
        await fetch("/api/snippets", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ shared, shortcut, title, wording: { de, en } }),
        });
    });
    await desk.goto(`${server.app}/settings/snippets`);
    await desk.getByText("/gruss").waitFor();
    await assertAccessible(desk, "snippets");
    await picture(desk, `snippets-${name}`);
    await desk.getByRole("button", { name: "/gruss" }).first().click();
    await desk.getByRole("dialog").waitFor();
    await assertAccessible(desk, "a snippet's form");
    await picture(desk, `snippet-form-${name}`);
    await desk.keyboard.press("Escape");
    await desk.goto(`${server.app}/settings/notifications`);
    await desk.getByRole("checkbox").nth(3).waitFor();
    await assertAccessible(desk, "notifications");
    await picture(desk, `notifications-${name}`);
    await desk.goto(server.app);
    await desk.getByRole("tab").nth(1).click();
    await desk.getByText("4711").first().click();
    await desk.locator("textarea").waitFor();
    await desk.locator("textarea").press("/");
    await desk.getByRole("option").nth(2).waitFor();
    await assertAccessible(desk, "snippet picker");
    await picture(desk, `snippet-picker-${name}`);
    await desk.keyboard.press("Escape");
    assert.deepEqual(team.errors, []);
  });
}
