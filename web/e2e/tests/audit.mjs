// The audit log in a real browser: who changed a setting, filters, copies, the check of the chain, and what stands about oneself.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { fillIn, signIn, tabTo } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  "en-GB": {
    greeting: "Greeting",
    saved: /saved/i,
    log: "Audit log",
    changed: "Ben Sommer changed settings of a widget: Greeting",
    verify: "Verify log",
    verified: "verified",
    checked: "Ben Sommer verified this log: intact",
    looked: "Ben Sommer read this log",
  },
  "de-DE": {
    greeting: "Begrüßung",
    saved: /gespeichert/i,
    log: "Protokoll",
    changed: "Ben Sommer hat Einstellungen eines Widgets geändert: Begrüßung",
    verify: "Protokoll prüfen",
    verified: "geprüft",
    checked: "Ben Sommer hat dieses Protokoll geprüft: unversehrt",
    looked: "Ben Sommer hat dieses Protokoll gelesen",
  },
};

/** The owner, at a page, in the language of the browser. */
async function owner(context, server, language, path) {
  const page = await context.newPage();
  await page.goto(`${server.app}${path}`);
  await fillIn(page, language.slice(0, 2), "ben@example.de", server.facts.owner_password);
  return page;
}

for (const [name, language, options, by] of [
  ["by keyboard alone", "en-GB", { size: DESKTOP }, "key"],
  ["by keyboard alone in German", "de-DE", { size: DESKTOP }, "key"],
  ["by touch", "en-GB", { size: PHONE, hasTouch: true }, "finger"],
  ["by touch in German", "de-DE", { size: PHONE, hasTouch: true }, "finger"],
]) {
  test(`audit log ${name}: who changed a setting, from what to what, and that the log is whole`, async ({
    start,
    open,
  }) => {
    const server = await start({ setUp: { language: language.slice(0, 2) } });
    const words = WORDS[language];
    const context = await open({ ...options, language });
    const page = await owner(context, server, language, "/settings/widget");
    const greeting = page.getByLabel(words.greeting);
    const before = await greeting.inputValue();
    await greeting.fill("Moin!");
    await greeting.press("Enter");
    await page.getByText(words.saved).first().waitFor();

    const press = async (locator) => {
      if (by === "finger") return locator.tap();
      await tabTo(page, locator);
      await page.keyboard.press("Enter");
    };
    await press(page.getByRole("link", { name: words.log, exact: true }));
    const changed = page.locator("summary", { hasText: words.changed });
    await changed.waitFor();
    await press(changed);
    await page.getByRole("cell", { name: before, exact: true }).waitFor();
    await page.getByRole("cell", { name: "Moin!", exact: true }).waitFor();
    await assertAccessible(page, `${name}, an entry opened`);
    await picture(page, `audit-change-${language}-${by}`);

    if (by === "key") await page.locator("h1").evaluate((heading) => heading.scrollIntoView());
    await press(page.getByRole("button", { name: words.verify }));
    await page.getByText(words.verified, { exact: true }).waitFor();
    await page.getByText(words.checked).waitFor();
    await page.getByText(words.looked, { exact: true }).waitFor();
    await assertAccessible(page, `${name}, verified`);
    assert.deepEqual(context.errors, []);
  });
}

test("audit log: filters, copies, and what is recorded about oneself", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const password = server.addOperator(server.facts.organisation, { name: "Lena Roth", email: "lena@example.de" });
  const lena = await signIn(await open(), server, "lena@example.de", password);
  const context = await open({ acceptDownloads: true });
  const page = await signIn(context, server, "ben@example.de", server.facts.owner_password);
  await page.goto(`${server.app}/settings/audit`);
  await page.getByText("Lena Roth signed in", { exact: true }).waitFor();
  await page.getByLabel("Area").selectOption({ label: "Team" });
  await page.getByText("The command line added Lena Roth as Agent").waitFor();
  assert.equal(await page.getByText("Lena Roth signed in").count(), 0);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Who").selectOption({ label: "Lena Roth" });
  await page.getByText("Lena Roth signed in", { exact: true }).waitFor();
  assert.equal(await page.getByText("Ben Sommer signed in").count(), 0);
  await page.getByLabel("From", { exact: true }).fill("2001-01-01");
  await page.getByLabel("To", { exact: true }).fill("2001-01-02");
  await page.getByText("Nothing fits these filters.").waitFor();
  await picture(page, "audit-empty");
  await page.getByRole("button", { name: "Clear filters" }).click();
  for (const [name, begins] of [
    ["Save as table (CSV)", '"number","at"'],
    ["Save as JSON lines", '{"number":1,'],
  ]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    const parts = [];
    for await (const part of await download.createReadStream()) parts.push(part);
    const text = Buffer.concat(parts).toString();
    assert.ok(text.startsWith(begins), text.slice(0, 80));
    assert.ok(text.includes("audit_viewed"));
  }

  // An agent does not read the log, but what stands about them and who read it.
  await lena.getByRole("button", { name: /your menu/ }).click();
  await lena.getByRole("menuitem", { name: "Recorded about me" }).click();
  await lena.getByText("Lena Roth signed in", { exact: true }).waitFor();
  await lena.getByText("Ben Sommer read what this log says about Lena Roth").waitFor();
  await lena.getByText("The command line added Lena Roth as Agent").waitFor();
  assert.equal(await lena.getByText("Ben Sommer signed in").count(), 0);
  assert.equal(await lena.getByRole("link", { name: "Audit log", exact: true }).count(), 0, "not offered");
  await assertAccessible(lena, "what is recorded about me");
  await picture(lena, "audit-mine");
  await lena.goto(`${server.app}/settings/audit`);
  await lena.getByText("Your role does not include the audit log.").waitFor();
});

test("audit log: a log that cannot be loaded says so and is asked for again, and one that is broken names the entry", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await signIn(context, server, "ben@example.de", server.facts.owner_password);
  await page.route("**/api/audit?*", (route) => route.abort());
  await page.goto(`${server.app}/settings/audit`);
  await page.getByRole("alert").waitFor();
  await assertAccessible(page, "audit log that cannot be loaded");
  await page.unroute("**/api/audit?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Ben Sommer signed in", { exact: false }).first().waitFor();
  await page.route("**/api/audit/verify", (route) =>
    route.fulfill({
      json: { entries: 9, checkpoints: 1, broken: { number: 5, fault: "altered" }, checkpoint: null },
    }),
  );
  await page.getByRole("button", { name: "Verify log" }).click();
  await page.getByText("The log is not as it was written, from entry 5 on.").waitFor();
  await page.getByText("This entry was altered.").waitFor();
  await assertAccessible(page, "audit log, broken");
  await picture(page, "audit-broken");
});

for (const [name, options] of [
  ["desktop-light", { size: DESKTOP }],
  ["desktop-dark-de", { size: DESKTOP, dark: true, language: "de-DE" }],
  ["phone-light", { size: PHONE }],
  ["phone-dark-de", { size: PHONE, dark: true, language: "de-DE" }],
]) {
  test(`audit log: screen ${name}`, async ({ start, open }) => {
    const language = options.language ?? "en-GB";
    const server = await start({ setUp: { language: language.slice(0, 2) } });
    const words = WORDS[language];
    for (const who of ["Lena Roth", "Cem Kaya"]) {
      server.addOperator(server.facts.organisation, { name: who, email: `${who.slice(0, 3)}@example.de` });
    }
    const context = await open(options);
    const page = await owner(context, server, language, "/settings/audit");
    await page.locator("summary", { hasText: "Lena Roth" }).waitFor();
    await page.getByRole("button", { name: words.verify }).click();
    await page.getByText(words.verified, { exact: true }).waitFor();
    await page.locator("summary").last().click();
    await assertAccessible(page, name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, "nothing is wider than the screen");
    await picture(page, `audit-${name}`);
    assert.deepEqual(context.errors, []);
  });
}
