// Closing the organisation in a real browser: the copy first, what goes, the confirmation, the line with the day, keeping it.
import assert from "node:assert/strict";
import { pictureOf } from "../lib/guides.mjs";
import { testAtTheDesk } from "../lib/looks.mjs";
import { enter, openChat, visitShop } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    asks: "Where is my parcel?",
    begin: "Close the organisation …",
    save: "Save everything (JSON lines)",
    look: "It is saved: look again",
    taken: /^A whole copy was saved on/,
    none: "We want no copy",
    needed: "Save a copy, or say that none is wanted.",
    name: /^The organisation's name: /,
    wrong: "Type the name exactly as it stands above.",
    password: "Current password",
    submit: "Close in 30 days",
    banner: /^This organisation ends on/,
    keep: "Keep the organisation",
    kept: "The organisation stays. New conversations begin again.",
    greeting: "No new conversations begin here any more.",
  },
  de: {
    asks: "Wo ist mein Paket?",
    begin: "Organisation schließen …",
    save: "Alles speichern (JSON-Zeilen)",
    look: "Sie ist gespeichert: noch einmal nachsehen",
    taken: /^Eine vollständige Kopie wurde am/,
    none: "Wir wollen keine Kopie",
    needed: "Speichern Sie eine Kopie, oder sagen Sie, dass Sie keine wollen.",
    name: /^Name der Organisation: /,
    wrong: "Tippen Sie den Namen genau so, wie er oben steht.",
    password: "Jetziges Passwort",
    submit: "In 30 Tagen schließen",
    banner: /^Diese Organisation endet am/,
    keep: "Organisation behalten",
    kept: "Die Organisation bleibt. Neue Gespräche beginnen wieder.",
    greeting: "Hier beginnen keine neuen Gespräche mehr.",
  },
};

const titleOf = (page) => page.evaluate(async () => (await (await fetch("/api/session")).json()).organisation.name);

testAtTheDesk(
  "closing the organisation: a copy first, and thirty days to keep it,",
  { words: WORDS, begun: 1, says: (words) => words.asks },
  async ({ server, context, page, press, shown, words }) => {
    await page.goto(`${server.app}/privacy/copies`);
    const begin = page.getByRole("button", { name: words.begin, exact: true });
    await begin.waitFor();
    await shown("closing-open");
    await press(begin);
    const dialog = page.getByRole("dialog");
    const submit = dialog.locator('button[type="submit"]');
    await press(submit);
    await dialog.getByText(words.needed).waitFor();
    await dialog.getByText(words.wrong).waitFor();
    await shown("closing-refused");

    // The copy counts because it came whole.
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      dialog.getByRole("link", { name: words.save, exact: true }).click(),
    ]);
    await saved.path();
    await press(dialog.getByRole("button", { name: words.look, exact: true }));
    await dialog.getByText(words.taken).waitFor();
    await dialog.locator('input[name="organisation"]').fill(await titleOf(page));
    await dialog.locator('input[name="proof"]').fill("another password, and a wrong one");
    await press(submit);
    await dialog.locator('input[name="proof"][aria-invalid="true"]').waitFor();
    assert.equal(context.errors.splice(0).length, 1, "the refusal, which browsers count as an error");
    await dialog.locator('input[name="proof"]').fill(server.facts.owner_password);
    await shown("closing-confirm");
    await press(submit);
    await dialog.waitFor({ state: "detached" });
    await page.getByText(words.banner).waitFor();
    await shown("closing-waiting");

    // Everybody sees the day, on every screen, also after coming back.
    await page.goto(server.app);
    await page.getByText(words.banner).waitFor();
    await page.locator(".closing a").click();
    await press(page.getByRole("button", { name: words.keep, exact: true }));
    await page.getByText(words.kept).waitFor();
    await begin.waitFor();
    assert.equal(await page.getByText(words.banner).count(), 0);
  },
);

for (const [language, words] of Object.entries(WORDS)) {
  test(`closing the organisation: what visitors read, and pictures of the guide, ${language}`, async ({
    start,
    open,
  }) => {
    const server = await start({ setUp: { language } });
    const locale = language === "de" ? "de-DE" : "en-GB";
    const context = await open({ size: { width: 1440, height: 900 }, language: locale });
    const page = await enter(context, server, "ben@example.de", server.facts.owner_password);
    const shown = pictureOf(page, language);
    await page.goto(`${server.app}/privacy/copies`);
    await page.getByRole("button", { name: words.begin, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(words.none).check();
    await dialog.locator('input[name="organisation"]').fill(await titleOf(page));
    await shown("closing", dialog);
    await dialog.locator('input[name="proof"]').fill(server.facts.owner_password);
    await dialog.locator('button[type="submit"]').click();
    await page.getByText(words.banner).waitFor();

    const visitor = await open({ language: locale });
    const shop = await visitShop(visitor, server, language === "de" ? "/" : "/en.html");
    const chat = await openChat(shop);
    await chat.getByText(words.greeting).waitFor();
    await chat.locator("#text").fill(words.asks);
    await chat.locator("#text").press("Enter");
    await chat.locator("#trouble:not(:empty)").waitFor();
    assert.equal(await chat.locator("#text").inputValue(), words.asks, "the words are where they can be taken along");
    assert.deepEqual(context.errors, []);
  });
}
