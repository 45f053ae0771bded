// Erasing in a real browser: a visitor writes, an operator erases, has it back, blacks out, erases again and ends the time in
// which it could be undone; what it went through and its receipt stand in the privacy centre.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { testAtTheDesk } from "../lib/looks.mjs";
import { openChat, said, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    shop: "/en.html",
    first: "Good morning, my parcel never arrived.",
    secret: "My account is DE02 1203 0000, please refund there.",
    redacted: "My account is ▇▇▇, please refund there.",
    all: /^All/,
    actions: "Actions",
    erase: "Erase conversation",
    done: /^Conversation with Visitor .* erased\./,
    left: /(10|9) min left/,
    row: "erased · can be undone",
    undo: /^Undo erasing/,
    change: "Change this message",
    black: "Black out a passage …",
    mark: "Mark selection",
    blackOut: "Black out 1 passage",
    message: "Erase message",
    gone: "Erased",
    privacy: "See it in the privacy centre",
    now: /^Destroy now/,
    nowDo: "Destroy A conversation now",
    destroyed: /being destroyed|destroyed, last places pending|gone everywhere/,
    receipt: /^(Acknowledgement|Receipt): erasure/,
    visitor: "erased by the visitor",
  },
  de: {
    shop: "/",
    first: "Guten Morgen, mein Paket ist nicht angekommen.",
    secret: "Mein Konto ist DE02 1203 0000, bitte dorthin erstatten.",
    redacted: "Mein Konto ist ▇▇▇, bitte dorthin erstatten.",
    all: /^Alle/,
    actions: "Aktionen",
    erase: "Gespräch löschen",
    done: /^Gespräch mit Besucher .* gelöscht\./,
    left: /noch (10|9) Min\./,
    row: "gelöscht · noch rückgängig zu machen",
    undo: /^Löschen rückgängig machen/,
    change: "Diese Nachricht ändern",
    black: "Stelle schwärzen …",
    mark: "Auswahl merken",
    blackOut: "1 Stelle schwärzen",
    message: "Nachricht löschen",
    gone: "Gelöscht",
    privacy: "Im Datenschutz ansehen",
    now: /^Jetzt vernichten/,
    nowDo: "Ein Gespräch jetzt vernichten",
    destroyed: /wird vernichtet|vernichtet, letzte Orte stehen aus|überall fort/,
    receipt: /^(Eingangsbestätigung|Quittung): Löschung/,
    visitor: "vom Besucher gelöscht",
  },
};

testAtTheDesk(
  "erasing: erased, had back, blacked out, erased for good,",
  { words: WORDS, begun: 0, says: () => "", forgets: true },
  async ({ server, page, person, press, phone, shown, words }) => {
    const chat = await openChat(await visitShop(await person(), server, words.shop));
    await write(chat, words.first);
    await write(chat, words.secret);
    const home = async () => {
      await page.goto(server.app);
      await page.getByRole("tab", { name: words.all }).click();
    };
    const thread = page.locator(".thread");
    const open = async () => {
      await page.locator(".list li a").first().click();
      await thread.getByText(words.first).waitFor();
      await thread.getByText(words.secret).waitFor();
    };
    const erase = async () => {
      if (phone) {
        await press(page.getByRole("button", { name: words.actions, exact: true }));
        await press(page.getByRole("menuitem", { name: words.erase }));
      } else {
        await page.locator("#conversation-title").press("Delete");
      }
    };
    await home();
    await open();
    await erase();
    await page.getByText(words.done).waitFor();
    await page.getByText(words.left).first().waitFor();
    const undo = page.getByRole("button", { name: words.undo });
    await undo.waitFor();
    // On both sides there is nothing left of it.
    await said(chat, words.first).waitFor({ state: "detached" });
    assert.equal(await page.getByText(words.first).count(), 0);
    await shown("erased");
    if (!phone) await page.getByText(words.row).waitFor();

    await press(undo);
    await thread.getByText(words.first).waitFor();

    // A passage, and then the other message.
    const menu = async (text, item) => {
      const bubble = thread.locator(".message", { hasText: text });
      await bubble.getByRole("button", { name: words.change }).press("Enter");
      await press(page.getByRole("menuitem", { name: item }));
    };
    await menu(words.secret, words.black);
    const dialog = page.getByRole("dialog");
    await dialog
      .locator("textarea")
      .evaluate(
        (field, [from, to]) => field.setSelectionRange(from, to),
        [words.secret.indexOf("DE02"), words.secret.indexOf(",")],
      );
    await press(dialog.getByRole("button", { name: words.mark }));
    await dialog.getByText(words.redacted).waitFor();
    await shown("redact");
    await press(dialog.getByRole("button", { name: words.blackOut }));
    await thread.getByText(words.redacted).waitFor();
    await menu(words.first, words.message);
    await thread.getByText(words.gone, { exact: true }).waitFor();
    assert.equal(await thread.getByText(words.first).count(), 0);

    // Again, and for good.
    await erase();
    await undo.waitFor();
    await press(page.getByRole("link", { name: words.privacy }));
    const now = page.getByRole("button", { name: words.now });
    await now.first().waitFor();
    await shown("erasures");
    await press(now.first());
    await press(dialog.getByRole("button", { name: words.nowDo }));
    const state = page.locator("li", { has: page.locator("details[open]") });
    await state.getByText(words.destroyed).first().waitFor();
    const receipt = page.getByRole("link", { name: words.receipt }).first();
    await receipt.waitFor();
    await shown("erasure-destroyed");
    const signed = await page.evaluate(async (path) => (await fetch(path)).json(), await receipt.getAttribute("href"));
    assert.equal(signed.format, "diskret-receipt-1");
  },
);

test("erasing: many at once, and an agent is not offered it", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const password = server.addOperator(server.facts.organisation, { name: "Lena Roth", email: "lena@example.de" });
  for (const text of ["One", "Two", "Three"]) {
    const chat = await openChat(await visitShop(await open(), server));
    await write(chat, `${text} of them`);
    await said(chat, `${text} of them`).waitFor();
  }
  const context = await open();
  const page = await signIn(context, server, "ben@example.de", server.facts.owner_password);
  await page.getByRole("tab", { name: /Unassigned/ }).click();
  await page.locator(".list li").nth(2).waitFor();
  for (const at of [0, 1]) await page.locator(".list li input").nth(at).click({ force: true });
  await page.getByRole("button", { name: "Erase 2 conversations" }).click();
  await page.getByText("2 conversations erased.").waitFor();
  await page.locator(".list li").nth(1).waitFor({ state: "detached" });
  await assertAccessible(page, "many erased");
  await page.getByRole("button", { name: /^Undo/ }).click();
  await page.locator(".list li").nth(2).waitFor();
  assert.deepEqual(context.errors, []);

  const lena = await signIn(await open(), server, "lena@example.de", password);
  await lena.getByRole("tab", { name: /Unassigned/ }).click();
  await lena.locator(".list li a").first().click();
  await lena.locator(".thread .message").first().waitFor();
  assert.equal(await lena.getByRole("button", { name: "Actions" }).count(), 0);
  assert.equal(await lena.locator(".thread .message button").count(), 0);
  await lena.keyboard.press("Delete");
  await lena.getByLabel(/^Reply to/).waitFor();
});

test("erasing: what cannot be erased stays and says why, and what is too late to undo says so", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const chat = await openChat(await visitShop(await open(), server));
  await write(chat, "Is it there?");
  await said(chat, "Is it there?").waitFor();
  const page = await signIn(await open(), server, "ben@example.de", server.facts.owner_password);
  await page.getByRole("tab", { name: /Unassigned/ }).click();
  await page.locator(".list li a").first().click();
  await page.locator(".thread").getByText("Is it there?").waitFor();
  await page.route("**/api/erasures", (route) => route.abort());
  await page.evaluate(() => document.getElementById("conversation-title").focus());
  await page.keyboard.press("Delete");
  await page.getByText(/The server did not answer\. Nothing was changed/).waitFor();
  await page.locator(".thread").getByText("Is it there?").waitFor();
  await page.unroute("**/api/erasures");
  await page.evaluate(() => document.getElementById("conversation-title").focus());
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: /^Undo erasing/ }).waitFor();
  await page.route("**/api/erasures/*/undo", (route) =>
    route.fulfill({
      status: 409,
      contentType: "application/problem+json",
      body: '{"type":"about:blank","title":"Conflict","status":409}',
    }),
  );
  await page.getByRole("button", { name: /^Undo erasing/ }).click();
  await page.getByText("It can no longer be undone: the keys are destroyed.").waitFor();
});
