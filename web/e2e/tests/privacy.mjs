// The privacy centre in a real browser: how long things are kept, what that deletes, what must be kept, copies.
import assert from "node:assert/strict";
import { testAtTheDesk } from "../lib/looks.mjs";
import { signIn } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    asks: "Where is my parcel?",
    unset: /^Set a rule: What was said, All conversations/,
    change: /^Change the rule: What was said, All conversations/,
    days: "Days",
    counted: /1 conversation goes within a day/,
    none: "Nothing is that old today.",
    year: "1 year",
    saveYear: "Keep for 1 year",
    long: /^Longer than 36 months/,
    saveDay: "Keep for 1 day",
    tonight: "1 conversation",
    deletes: "Deletes",
    hold: "Keep longer …",
    claim: /^Legal claim/,
    keep: "Keep until then",
    kept: "Kept until",
    keptOne: "1 conversation is kept longer than its rule",
    end: /^End hold: conversation/,
    nothing: "Nothing is held.",
    wrong: "A whole number from 1 to 3650.",
    show: "Show ended",
    details: "Details of the person",
    back: "Back",
  },
  de: {
    asks: "Wo ist mein Paket?",
    unset: /^Frist festlegen: Was gesagt wurde, Alle Gespräche/,
    change: /^Frist ändern: Was gesagt wurde, Alle Gespräche/,
    days: "Tage",
    counted: /1 Gespräch geht innerhalb eines Tages/,
    none: "So alt ist heute nichts.",
    year: "1 Jahr",
    saveYear: "1 Jahr aufbewahren",
    long: /^Länger als 36 Monate/,
    saveDay: "1 Tag aufbewahren",
    tonight: "1 Gespräch",
    deletes: "Löschung",
    hold: "Länger aufbewahren …",
    claim: /^Rechtsanspruch/,
    keep: "Bis dahin aufbewahren",
    kept: "Bleibt bis",
    keptOne: "1 Gespräch bleibt länger als seine Frist",
    end: /^Aufbewahrung beenden: Gespräch/,
    nothing: "Nichts wird aufbewahrt.",
    wrong: "Eine ganze Zahl von 1 bis 3650.",
  },
};

testAtTheDesk(
  "privacy centre: a rule with its preview, what goes, what is kept,",
  { words: WORDS, begun: 1, says: (words) => words.asks },
  async ({ server, page, press, phone, shown, words }) => {
    await page.goto(`${server.app}/privacy`);
    await page.locator("dl").first().waitFor();
    await shown("privacy-empty");

    // Nothing is deleted by a rule of a year; by one of a day it is what ended just now.
    const [{ id }] = await page.evaluate(
      async () => (await (await fetch("/api/conversations?list=all&ended=true")).json()).items,
    );
    await page.evaluate(async (one) => {
      const headers = { "content-type": "application/json" };
      await fetch(`/api/conversations/${one}/state`, { method: "PUT", headers, body: '{"state":"ended"}' });
    }, id);
    await page.goto(`${server.app}/privacy/retention`);
    await press(page.getByRole("button", { name: words.unset }));
    const dialog = page.getByRole("dialog");
    await dialog.getByText(words.none).waitFor();
    await dialog.getByLabel(words.days, { exact: true }).fill("0");
    await dialog.getByLabel(words.days, { exact: true }).press("Enter");
    await dialog.getByText(words.wrong).waitFor();
    await dialog.getByLabel(words.days, { exact: true }).fill("3650");
    await dialog.getByText(words.long).waitFor();
    await shown("privacy-rule-long");
    await press(dialog.getByRole("button", { name: words.year, exact: true }));
    await press(dialog.getByRole("button", { name: words.saveYear }));
    await dialog.waitFor({ state: "detached" });
    await press(page.getByRole("button", { name: words.change }));
    await dialog.getByLabel(words.days, { exact: true }).fill("1");
    await dialog.getByText(words.counted).waitFor();
    await shown("privacy-rule");
    await press(dialog.getByRole("button", { name: words.saveDay }));
    await dialog.waitFor({ state: "detached" });
    await shown("privacy-rules");
    await page.goto(`${server.app}/privacy`);
    await page.getByText(words.tonight, { exact: true }).waitFor();
    await shown("privacy-overview");

    // On the conversation itself it stands, too; and there it can be kept longer.
    await page.goto(`${server.app}/conversations/${id}${phone ? "/person" : ""}`);
    const person = page.locator("section.person");
    await person.getByText(words.deletes, { exact: true }).waitFor();
    await shown("privacy-person");
    await press(person.getByRole("button", { name: words.hold }));
    await dialog.getByRole("radio", { name: words.claim }).check();
    await shown("privacy-hold");
    await press(dialog.getByRole("button", { name: words.keep }));
    await person.getByText(words.kept, { exact: true }).waitFor();
    await page.goto(`${server.app}/privacy`);
    await page.getByText(words.keptOne).waitFor();
    await page.goto(`${server.app}/privacy/holds`);
    const end = page.getByRole("button", { name: words.end });
    await end.waitFor();
    await shown("privacy-holds");
    await press(end);
    await page.getByText(words.nothing).waitFor();
    await page.goto(`${server.app}/privacy/copies`);
    await page.locator("main h2").first().waitFor();
    await shown("privacy-copies");
    await page.goto(`${server.app}/receipt`);
    await page.locator("table").waitFor();
    await shown("privacy-receipt");
  },
);

test("privacy centre: copies are saved, and roles see what is theirs", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const { organisation, owner_password: secret } = server.facts;
  const people = Object.fromEntries(
    ["agent", "officer", "admin"].map((role) => [
      role,
      server.addOperator(organisation, { name: `${role} one`, email: `${role}@example.de`, role }),
    ]),
  );
  const context = await open({ acceptDownloads: true });
  const page = await signIn(context, server, "ben@example.de", secret);
  await page.getByRole("link", { name: "Privacy centre" }).click();
  await page.getByRole("link", { name: "Copies" }).click();
  for (const [name, begins] of [
    ["Save as JSON lines", "{"],
    ["Save counters (CSV)", '"day"'],
  ]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    const parts = [];
    for await (const part of await download.createReadStream()) parts.push(part);
    const text = Buffer.concat(parts).toString();
    assert.ok(text.startsWith(begins), text.slice(0, 80));
  }
  assert.deepEqual(context.errors, []);

  const agent = await signIn(await open(), server, "agent@example.de", people.agent);
  assert.equal(await agent.getByRole("link", { name: "Privacy centre" }).count(), 0, "not offered to an agent");
  await agent.goto(`${server.app}/privacy`);
  await agent.getByText("Your role does not include the privacy centre.").waitFor();

  const admin = await signIn(await open(), server, "admin@example.de", people.admin);
  await admin.goto(`${server.app}/privacy/retention`);
  await admin.getByText("You can see how long things are kept, not change it.").waitFor();
  assert.equal(await admin.getByRole("button", { name: /^Set a rule/ }).count(), 0);
});

test("privacy centre: what cannot be loaded says so and is asked for again", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await signIn(context, server, "ben@example.de", server.facts.owner_password);
  for (const [path, asked, there] of [
    ["", "**/api/retention", "What is kept"],
    ["/retention", "**/api/retention", "What was said"],
    ["/holds", "**/api/holds", "Nothing is held."],
  ]) {
    await page.route(asked, (route) => route.abort());
    await page.goto(`${server.app}/privacy${path}`);
    await page.getByRole("alert").waitFor();
    await page.unroute(asked);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText(there).first().waitFor();
  }
});
