// What a widget does where nobody writes: set in its form, shown under the thread with the time that is left.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { begin } from "../lib/crowd.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    locale: "en-GB",
    signIn: ["E-mail", "Password", "Sign in"],
    ask: "Ask whether the visitor is still there",
    end: "End by itself",
    five: "After 5 minutes",
    hour: "After 1 hour",
    quarter: "After 15 minutes",
    wrong: "Choose less than until the conversation ends by itself: what is over asks nobody.",
    unassigned: /Unassigned/,
    replyTo: /^Reply to/,
    line: /Asks whether they are still there in 5 min/,
  },
  de: {
    locale: "de-DE",
    signIn: ["E-Mail", "Passwort", "Anmelden"],
    ask: "Fragen, ob der Besucher noch da ist",
    end: "Von selbst beenden",
    five: "Nach 5 Minuten",
    hour: "Nach 1 Stunde",
    quarter: "Nach 15 Minuten",
    wrong: "Wählen Sie weniger als bis zum Ende: Ein beendetes Gespräch fragt niemanden mehr.",
    unassigned: /Nicht zugewiesen/,
    replyTo: /^Antwort an/,
    line: /Fragt in 5 Min., ob der Besucher noch da ist/,
  },
};

for (const language of ["en", "de"]) {
  for (const [device, size, dark] of [
    ["desktop", DESKTOP, language === "de"],
    ["phone", PHONE, language === "en"],
  ]) {
    const words = WORDS[language];
    const phone = device === "phone";
    const name = `${language}-${device}-${dark ? "dark" : "light"}`;
    test(`quiet ${name}`, async ({ start, open }) => {
      const server = await start({ setUp: { language } });
      await begin(
        server,
        1,
        () => "Hallo",
        () => language,
      );
      const context = await open({ size, dark, language: words.locale, hasTouch: phone });
      const page = await context.newPage();
      const shown = async (what) => {
        await assertAccessible(page, what);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${what} is ${wide} pixels too wide`);
        await picture(page, `${what}-${name}`);
      };
      const [email, password, enter] = words.signIn;
      await page.goto(server.app);
      await page.getByLabel(email, { exact: true }).fill("ben@example.de");
      await page.getByLabel(password, { exact: true }).fill(server.facts.owner_password);
      await page.getByRole("button", { name: enter, exact: true }).click();
      await page.getByRole("tab").first().waitFor();

      // What makes no sense is refused where it stands; then it is published.
      await page.goto(`${server.app}/settings/widget`);
      await page.getByLabel(words.ask).selectOption({ label: words.hour });
      await page.getByLabel(words.end).selectOption({ label: words.quarter });
      const save = page.locator(".bar button[type=submit]");
      await (phone ? save.tap() : save.press("Enter"));
      await page.getByText(words.wrong).waitFor();
      await shown("quiet-wrong");
      await page.getByLabel(words.ask).selectOption({ label: words.five });
      await page.getByLabel(words.end).selectOption({ label: words.hour });
      await (phone ? save.tap() : save.press("Enter"));
      await save.waitFor({ state: "detached" });
      await page.reload();
      await page.getByLabel(words.ask).waitFor();
      assert.equal(await page.getByLabel(words.ask).locator("option:checked").textContent(), words.five);
      await shown("quiet-form");

      // It is the visitor's turn: under the thread stands what comes.
      await page.goto(server.app);
      await page.getByRole("tab", { name: words.unassigned }).click();
      await page.getByText("Hallo").first().click();
      await page.getByLabel(words.replyTo).fill("Guten Tag.");
      await page.getByLabel(words.replyTo).press("Control+Enter");
      await page.getByText(words.line).waitFor();
      await shown("quiet-line");
      assert.deepEqual(context.errors, []);
    });
  }
}
