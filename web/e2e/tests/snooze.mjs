// Conversations that are put off: by key and by touch, found by their filter, back at their time or when the visitor writes.
import assert from "node:assert/strict";
import { testAtTheDesk } from "../lib/looks.mjs";
import { openChat, visitShop, write } from "../lib/people.mjs";

const WORDS = {
  en: {
    shop: "/en.html",
    unassigned: /Unassigned/,
    replyTo: /^Reply to/,
    later: "Come back later",
    actions: "Actions",
    tomorrow: /^Tomorrow morning/,
    own: "Another time …",
    at: "Date and time",
    wrong: "Choose a moment to come, within a year.",
    confirm: "Come back then",
    putOff: /Ben Sommer put it off until/,
    early: /Ben Sommer took it up before its time/,
    back: "Back after it was put off",
    returned: "is back",
    filter: "Put off",
    undo: /^Undo/,
    waits: "My parcel is still missing.",
    ask: "Question",
  },
  de: {
    shop: "/",
    unassigned: /Nicht zugewiesen/,
    replyTo: /^Antwort an/,
    later: "Später wiedervorlegen",
    actions: "Aktionen",
    tomorrow: /^Morgen früh/,
    own: "Andere Zeit …",
    at: "Tag und Uhrzeit",
    wrong: "Wählen Sie einen Zeitpunkt, der noch kommt, innerhalb eines Jahres.",
    confirm: "Dann wiedervorlegen",
    putOff: /Ben Sommer hat es zurückgestellt bis/,
    early: /Ben Sommer hat es vor der Zeit zurückgeholt/,
    back: "Zurück zur vorgemerkten Zeit",
    returned: "ist zurück",
    filter: "Zurückgestellt",
    undo: /^Rückgängig/,
    waits: "Mein Paket fehlt noch immer.",
    ask: "Frage",
  },
};

const BEGUN = { words: WORDS, begun: 2, says: (words, number) => `${words.ask} ${number}`, darkDesktop: "en" };

testAtTheDesk("snooze", BEGUN, async ({ words, server, page, person, phone, press, shown }) => {
  await page.getByRole("tab", { name: words.unassigned }).click();

  // A visitor with a page of their own, whose next message brings the conversation back.
  const shop = await visitShop(await person(), server, words.shop);
  const chat = await openChat(shop);
  await write(chat, words.waits);
  const row = (text) => page.locator(".list li", { hasText: text });
  const count = (n) =>
    page
      .getByRole("tab", { name: words.unassigned })
      .filter({ hasText: String(n) })
      .waitFor();
  await count(3);
  await row(words.waits).getByRole("link").click();
  await page.getByLabel(words.replyTo).waitFor();
  const later = async () => {
    if (phone) {
      await page.getByRole("button", { name: words.actions, exact: true }).tap();
      return page.getByRole("menuitem", { name: words.later }).tap();
    }
    await page.locator("#conversation-title").focus();
    await page.keyboard.press("h");
  };

  await later();
  await page.getByRole("menuitem", { name: words.tomorrow }).waitFor();
  await shown("snooze-menu");
  await press(page.getByRole("menuitem", { name: words.tomorrow }));
  await page.getByText(words.putOff).waitFor();
  await shown("snoozed");
  // Taken back while it is offered: it stands in the list as before.
  const undo = page.locator(".toast").getByRole("button", { name: words.undo });
  await press(undo.last());
  await page.getByText(words.early).waitFor();
  if (!phone) await count(3);

  // A time of one's own: what is past is refused where it stands.
  await later();
  await press(page.getByRole("menuitem", { name: words.own }));
  await page.getByLabel(words.at).fill("2020-01-01T09:00");
  await press(page.getByRole("button", { name: words.confirm }));
  await page.getByText(words.wrong).waitFor();
  await shown("snooze-own");
  const soon = new Date(Date.now() + 40 * 86_400_000);
  const day = `${soon.getFullYear()}-${String(soon.getMonth() + 1).padStart(2, "0")}-${String(soon.getDate()).padStart(2, "0")}`;
  await page.getByLabel(words.at).fill(`${day}T09:00`);
  await press(page.getByRole("button", { name: words.confirm }));
  await page.getByText(words.putOff).nth(1).waitFor();

  // Out of the list and its count, in the filter with its time, also from a bookmark.
  if (phone) await page.goto(server.app);
  await page.getByRole("tab", { name: words.unassigned }).click();
  await count(2);
  await row(words.waits).waitFor({ state: "detached" });
  await page.locator(".foot").getByRole("button", { name: words.filter }).press("Enter");
  await row(words.waits).waitFor();
  assert.equal(await page.locator(".list li").count(), 1);
  assert.equal(new URL(page.url()).search, "?snoozed=yes");
  await shown("snoozed-list");

  // The visitor writes: it is back at once.
  await write(chat, `${words.waits} (2)`);
  await page.goto(server.app);
  await page.getByRole("tab", { name: words.unassigned }).click();
  await row(`${words.waits} (2)`).waitFor();
  await count(3);

  // By itself, two seconds on: the window hears of it and says so.
  await row(`${words.ask} 1`).getByRole("link").click();
  await page.getByLabel(words.replyTo).waitFor();
  const status = await page.evaluate(async () => {
    const id = location.pathname.split("/").at(-1);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ until: (Date.now() + 2_000) * 1000 });
    return (await fetch(`/api/conversations/${id}/snooze`, { method: "PUT", headers, body })).status;
  });
  assert.equal(status, 200);
  await page.getByText(words.putOff).waitFor();
  await page.getByText(words.back).waitFor();
  await shown("snooze-back");
  if (phone) await page.goto(server.app);
  await row(`${words.ask} 1`).getByText(words.returned).waitFor();
});
