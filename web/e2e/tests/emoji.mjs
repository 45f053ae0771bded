// Emoji in the composer: by a colon and the keyboard, and by a finger; found in both languages.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { enter, openChat, said, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const RUNS = {
  "en by keyboard": {
    language: "en",
    size: DESKTOP,
    title: "Emoji",
    search: "Search emoji",
    query: "hea",
    first: "😍",
  },
  "de by touch": {
    language: "de",
    size: PHONE,
    dark: true,
    title: "Emoji",
    search: "Emoji suchen",
    query: "Umarm",
    first: "🤗",
  },
};

for (const [name, { language, size, dark, title, search, query, first }] of Object.entries(RUNS)) {
  test(`an emoji is found and said, ${name}`, async ({ start, open }) => {
    const server = await start({ setUp: { language } });
    const shop = await open();
    const chat = await openChat(await visitShop(shop, server));
    await write(chat, "4711");
    const touch = size === PHONE;
    const desk = await open({ language: touch ? "de-DE" : "en-GB", size, dark, hasTouch: touch });
    const page = await enter(desk, server, "ben@example.de", server.facts.owner_password);
    await page.getByRole("tab").nth(1).click();
    await page.getByText("4711").first().click();
    const field = page.locator(".composer textarea");
    await field.fill("Hi ");
    if (touch) await page.getByRole("button", { name: title, exact: true }).tap();
    else {
      await field.focus();
      await page.keyboard.press("End");
      await page.keyboard.type(`:${query}`);
    }
    const picker = page.getByRole("dialog");
    await picker.getByRole("listbox").waitFor();
    const box = picker.getByRole("combobox", { name: search });
    if (touch) await box.fill(query);
    await picker.getByRole("option").filter({ hasText: first }).waitFor();
    await assertAccessible(page, `emoji, ${name}`);
    await picture(page, `emoji-${language}`);
    if (touch) {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= PHONE.width, `${wide} px wide`);
      await picker.getByRole("option").filter({ hasText: first }).tap();
    } else {
      assert.equal(await box.inputValue(), query, "what was typed on is searched for");
      const chosen = picker.locator('[aria-selected="true"]');
      for (let at = 0; (await chosen.textContent()) !== first && at < 30; at += 1)
        await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
    }
    await picker.waitFor({ state: "hidden" });
    assert.equal(await field.inputValue(), `Hi ${first}`, "the colon and what stood behind it are gone");
    await page.keyboard.press("Enter");
    await said(chat, `Hi ${first}`).waitFor();
    // What was used last stands first the next time; Escape leaves everything as it is.
    await page.getByRole("button", { name: title, exact: true }).click();
    assert.equal(await page.getByRole("dialog").getByRole("option").first().textContent(), first);
    await page.keyboard.press("Escape");
    await picker.waitFor({ state: "hidden" });
    assert.deepEqual([...shop.errors, ...desk.errors], []);
  });
}
