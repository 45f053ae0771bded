// Topics: made in the settings, set by key, by touch and on several at once; found by a filter; followed in other windows.
import assert from "node:assert/strict";
import { testAtTheDesk } from "../lib/looks.mjs";

const WORDS = {
  en: {
    add: "Add topic",
    name: "Name",
    save: "Save topic",
    missing: "Type what the conversation is about.",
    names: ["Returns", "Invoice and payment"],
    blue: "Blue",
    unassigned: /Unassigned/,
    set: "Set topics",
    menu: "Topics",
    remove: "Remove topic Returns",
    added: /Ben Sommer set the topic: Returns/,
    removed: /Ben Sommer removed the topic: Returns/,
    details: "About the visitor",
    actions: "Actions",
    filter: "Filter",
    by: "Topic",
    filed: "2 conversations filed under Returns",
    archive: "Archive topic Returns",
    archived: "Archived",
    ask: "Question",
    replyTo: /^Reply to/,
    undo: /^Undo/,
    gone: "Topic removed: Returns",
  },
  de: {
    add: "Thema hinzufügen",
    name: "Name",
    save: "Thema speichern",
    missing: "Schreiben Sie, worum es in dem Gespräch geht.",
    names: ["Retouren", "Rechnung und Zahlung"],
    blue: "Blau",
    unassigned: /Nicht zugewiesen/,
    set: "Themen setzen",
    menu: "Themen",
    remove: "Thema Retouren entfernen",
    added: /Ben Sommer hat das Thema gesetzt: Retouren/,
    removed: /Ben Sommer hat das Thema entfernt: Retouren/,
    details: "Über den Besucher",
    actions: "Aktionen",
    filter: "Filter",
    by: "Thema",
    filed: "2 Gespräche unter Retouren eingeordnet",
    archive: "Thema Retouren archivieren",
    archived: "Archiviert",
    ask: "Frage",
    replyTo: /^Antwort an/,
    undo: /^Rückgängig/,
    gone: "Thema entfernt: Retouren",
  },
};

const BEGUN = { words: WORDS, begun: 3, says: (words, number) => `${words.ask} ${number}` };

testAtTheDesk("topics", BEGUN, async ({ words, server, context, page, phone, press, shown }) => {
  // Made in the settings: an empty name is refused where it stands.
  await page.goto(`${server.app}/settings/topics`);
  for (const [at, topic] of words.names.entries()) {
    await press(page.getByRole("button", { name: words.add }));
    const dialog = page.getByRole("dialog");
    if (at === 0) {
      await press(dialog.getByRole("button", { name: words.save }));
      await dialog.getByText(words.missing).waitFor();
      await shown("topic-form");
    }
    await dialog.getByLabel(words.name, { exact: true }).fill(topic);
    if (at === 1) await dialog.getByRole("radio", { name: words.blue }).check({ force: true });
    await press(dialog.getByRole("button", { name: words.save }));
    await page.getByRole("listitem").getByText(topic).waitFor();
  }
  await shown("topics");

  // Another window of the team's looks at the same conversation.
  const watching = await context.newPage();
  for (const each of [watching, page]) {
    await each.goto(server.app);
    await each.getByRole("tab", { name: words.unassigned }).click();
    await each.getByText(`${words.ask} 1`).first().click();
    await each.getByLabel(words.replyTo).waitFor();
  }
  const tick = page.getByRole("menuitemcheckbox", { name: words.names[0] });
  if (phone) {
    await page.getByRole("button", { name: words.actions, exact: true }).tap();
    await tick.waitFor();
    await shown("topics-menu");
    await tick.tap();
    await page.locator('[role="menuitemcheckbox"][aria-checked="true"]').waitFor();
  } else {
    await page.locator("#conversation-title").focus();
    await page.keyboard.press("t");
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "menuitemcheckbox");
    await shown("topics-menu");
    await page.keyboard.press("r");
    await tick.and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector('[role="menuitemcheckbox"][aria-checked="true"]'));
    await page.keyboard.press("Escape");
  }
  await watching.getByText(words.added).waitFor();
  await watching
    .locator(phone ? ".talk p" : ".talk header")
    .getByText(words.names[0])
    .first()
    .waitFor();
  await shown("conversation-topics");

  // Taken away again by undo, and set once more by its key or in the column.
  if (phone) await page.getByRole("menuitem", { name: words.details }).tap();
  await press(page.getByRole("button", { name: words.remove }));
  await watching.getByText(words.removed).waitFor();
  const told = page.locator(".toast", { hasText: words.gone });
  await press(told.getByRole("button", { name: words.undo }));
  await watching.getByText(words.added).nth(1).waitFor();
  await page.getByRole("button", { name: words.remove }).waitFor();
  await shown("person-topics");

  // Several at once, then the filter shows those alone, also from a bookmark.
  await page.goto(server.app);
  await page.getByRole("tab", { name: words.unassigned }).click();
  await page.getByText(`${words.ask} 3`).first().waitFor();
  for (const number of [2, 3]) {
    const row = page.locator("li", { hasText: `${words.ask} ${number}` });
    await row.getByRole("checkbox").click({ force: true });
  }
  await page.getByRole("toolbar").getByRole("button", { name: words.set }).click();
  await page.getByRole("menuitem", { name: words.names[1] }).waitFor();
  await shown("bulk-topics");
  await page.getByRole("menuitem", { name: words.names[1] }).click();
  await page
    .locator("li", { hasText: `${words.ask} 2` })
    .getByText(words.names[1])
    .waitFor();
  await page.getByRole("button", { name: words.filter }).press("Enter");
  await page.getByLabel(words.by, { exact: true }).selectOption({ label: words.names[1] });
  await page.waitForFunction(() => document.querySelectorAll(".list li").length === 2);
  await shown("filter-topics");
  await page.keyboard.press("Escape");
  await page.reload();
  await page.locator(".list li").first().waitFor();
  assert.equal(await page.locator(".list li").count(), 2);
  await page.waitForFunction(() => new URLSearchParams(location.search).has("topic"));

  // What was used is archived: it stays on its conversation and is offered no more.
  await page.goto(`${server.app}/settings/topics`);
  await press(page.getByRole("button", { name: words.archive }));
  await page.getByRole("heading", { name: words.archived }).waitFor();
  await page.goto(server.app);
  await page.getByRole("tab", { name: words.unassigned }).click();
  await page
    .locator("li", { hasText: `${words.ask} 1` })
    .getByText(words.names[0])
    .waitFor();
  await page
    .locator("li", { hasText: `${words.ask} 2` })
    .getByRole("checkbox")
    .click({ force: true });
  await page.getByRole("toolbar").getByRole("button", { name: words.set }).click();
  await page.getByRole("menuitem", { name: words.names[1] }).waitFor();
  assert.equal(await page.getByRole("menuitem", { name: words.names[0] }).count(), 0);
});
