// What a widget does where nobody writes: set in its form, shown under the thread with the time that is left.
import assert from "node:assert/strict";
import { testAtTheDesk } from "../lib/looks.mjs";

const WORDS = {
  en: {
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

const BEGUN = { words: WORDS, begun: 1, says: () => "Hallo" };

testAtTheDesk("quiet", BEGUN, async ({ words, server, page, press, shown }) => {
  // What makes no sense is refused where it stands; then it is published.
  await page.goto(`${server.app}/settings/widget`);
  await page.getByLabel(words.ask).selectOption({ label: words.hour });
  await page.getByLabel(words.end).selectOption({ label: words.quarter });
  const save = page.locator(".bar button[type=submit]");
  await press(save);
  await page.getByText(words.wrong).waitFor();
  await shown("quiet-wrong");
  await page.getByLabel(words.ask).selectOption({ label: words.five });
  await page.getByLabel(words.end).selectOption({ label: words.hour });
  await press(save);
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
});
