import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { signIn } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

/** Presses Tab until the element that has focus fits. */
async function tabTo(page, fits, most = 60) {
  for (let pressed = 0; pressed < most; pressed += 1) {
    await page.keyboard.press("Tab");
    const text = await page.evaluate(() => {
      const element = document.activeElement;
      return `${element.tagName} ${element.getAttribute("aria-label") ?? ""} ${element.textContent.trim()}`;
    });
    if (fits.test(text)) return;
  }
  throw new Error(`Tab never came to ${fits}`);
}

test("by keyboard alone: who changed a setting, from what to what, and that the log is whole", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await signIn(context, server, "ben@example.de", server.facts.owner_password);
  await page.goto(`${server.app}/settings/widget`);
  await page.getByLabel("Greeting").fill("Moin, how can we help?");
  await page.getByLabel("Greeting").press("Enter");
  await page.getByText(/saved/i).first().waitFor();

  await tabTo(page, /^A .*Audit log/);
  await page.keyboard.press("Enter");
  const changed = page.getByText("Ben Sommer changed settings of a widget: Greeting");
  await changed.waitFor();
  await tabTo(page, /changed settings of a widget/);
  await page.keyboard.press("Enter");
  await page.getByRole("cell", { name: "Hello, how can we help?" }).waitFor();
  await page.getByRole("cell", { name: "Moin, how can we help?" }).waitFor();
  await assertAccessible(page, "audit log with an entry opened");

  await page.keyboard.press("Shift+Tab");
  await tabTo(page, /^BUTTON .*Verify log/);
  await page.keyboard.press("Enter");
  await page.getByText("verified", { exact: true }).waitFor();
  await page.getByText("Ben Sommer verified this log: intact").waitFor();
  await page.getByText("Ben Sommer read this log", { exact: true }).waitFor();
  await assertAccessible(page, "audit log, verified");
  assert.deepEqual(context.errors, []);
});

test("filters, copies, and what is recorded about oneself", async ({ start, open }) => {
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
  await page.getByLabel("From").fill("2001-01-01");
  await page.getByLabel("To").fill("2001-01-02");
  await page.getByText("Nothing fits these filters.").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  for (const [name, begins] of [
    ["Save as table (CSV)", '"number","at"'],
    ["Save as JSON lines", '{"number":1,'],
  ]) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name }).click(),
    ]);
    const parts = [];
    for await (const part of await download.createReadStream()) parts.push(part);
    const text = Buffer.concat(parts).toString();
    assert.ok(text.startsWith(begins), text.slice(0, 80));
    assert.ok(text.includes("audit_viewed"));
  }

  // An agent does not read the log, but what stands about them and who read it.
  await lena.getByRole("button", { name: /your menu/ }).click();
  await lena.getByRole("menuitem", { name: "What is recorded about me" }).click();
  await lena.getByText("Lena Roth signed in", { exact: true }).waitFor();
  await lena.getByText("Ben Sommer read what this log says about Lena Roth").waitFor();
  await lena.getByText("The command line added Lena Roth as Agent").waitFor();
  assert.equal(await lena.getByText("Ben Sommer signed in").count(), 0);
  await assertAccessible(lena, "what is recorded about me");
  await lena.goto(`${server.app}/settings/audit`);
  await lena.getByText("Your role does not include the audit log.").waitFor();
});

for (const [name, options] of [
  ["desktop-light", { size: DESKTOP }],
  ["desktop-dark-de", { size: DESKTOP, dark: true, language: "de-DE" }],
  ["phone-light", { size: PHONE }],
  ["phone-dark-de", { size: PHONE, dark: true, language: "de-DE" }],
]) {
  test(`audit screen ${name}`, async ({ start, open }) => {
    const server = await start({ setUp: {} });
    const german = options.language === "de-DE";
    for (const who of ["Lena Roth", "Cem Kaya"]) {
      server.addOperator(server.facts.organisation, { name: who, email: `${who.slice(0, 3)}@example.de` });
    }
    const context = await open(options);
    const page = await context.newPage();
    await page.goto(`${server.app}/settings/audit`);
    await page.getByLabel(german ? "E-Mail" : "E-mail", { exact: true }).fill("ben@example.de");
    await page.getByLabel(german ? "Passwort" : "Password", { exact: true }).fill(server.facts.owner_password);
    await page.getByRole("button", { name: german ? "Anmelden" : "Sign in", exact: true }).click();
    await page.getByText(/Lena Roth/).first().waitFor();
    await page.getByRole("button", { name: german ? "Protokoll prüfen" : "Verify log" }).click();
    await page.getByText(german ? "geprüft" : "verified", { exact: true }).waitFor();
    await page.locator("summary").last().click();
    await assertAccessible(page, name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, "nothing is wider than the screen");
    await picture(page, `audit-${name}`);
    assert.deepEqual(context.errors, []);
  });
}
