import assert from "node:assert/strict";
import { picture } from "../lib/browser.mjs";
import { test } from "../lib/test.mjs";

test("a newcomer sets the installation up in the browser, confirms the recovery key and is signed in", async ({
  start,
  open,
}) => {
  const server = await start();
  const context = await open();
  const page = await context.newPage();
  await page.goto(server.firstSignIn);
  await page.getByLabel("Organisation", { exact: true }).fill("Nordlicht Versand");
  await page.getByLabel("Your name").fill("Ben Sommer");
  await page.getByLabel("E-mail", { exact: true }).fill("ben@example.de");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Use at least 12 characters.").waitFor();
  await picture(page, "first-run-1-error");
  await page.getByLabel("Password", { exact: true }).fill("three unrelated words");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Greeting").waitFor();
  await picture(page, "first-run-2-widget");
  await page.getByRole("button", { name: "Set up Diskret" }).click();

  const key = await page
    .getByText(/^([A-Z2-7]{4}-){13}[A-Z2-7]+$/)
    .first()
    .textContent();
  await picture(page, "first-run-3-key");
  await page.getByLabel(/Type or paste it/).fill(key.toLowerCase());
  await page.getByRole("button", { name: "Confirm key" }).click();
  await page.getByText(`data-widget=`).first().waitFor();
  await picture(page, "first-run-4-install");
  await page
    .getByRole("button", { name: "Open message centre" })
    .or(page.getByRole("link", { name: "Open message centre" }))
    .click();
  await page.getByText(/No conversation is open/).waitFor();
  await picture(page, "message-centre-empty");
  assert.equal(await page.getByText("Confirm recovery key").count(), 0, "a confirmed key is not asked for again");
  assert.match(server.command("doctor"), /good\s+somebody showed that they hold the recovery key/);

  // The code works once, and its address shows so.
  const second = await (await open()).newPage();
  await second.goto(server.firstSignIn);
  await second.getByText("Diskret is already set up").waitFor();
  assert.deepEqual(context.errors, []);
});

test("a wrong set-up code founds nothing", async ({ start, open }) => {
  const server = await start();
  const page = await (await open()).newPage();
  await page.goto(`${server.app}/setup#code=guessed-code`);
  await page.getByLabel("Organisation", { exact: true }).fill("Intruder");
  await page.getByLabel("Your name").fill("Mallory");
  await page.getByLabel("E-mail", { exact: true }).fill("m@example.de");
  await page.getByLabel("Password", { exact: true }).fill("three unrelated words");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Set up Diskret" }).click();
  await page.getByText(/code is not valid/).waitFor();
  const state = await server.ask(`${server.app}/api/setup`);
  assert.deepEqual(JSON.parse(state.body), { needed: true });
});
