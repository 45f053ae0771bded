// Passkeys in a real browser with a security key in software.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { PHONE, picture } from "../lib/browser.mjs";
import { withDevice } from "../lib/passkeys.mjs";
import { signIn, tabTo } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const EMAIL = "ben@example.de";
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function signOut(page) {
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

async function openForm(page, server) {
  await page.goto(`${server.app}/settings/account`);
  await button(page, "Add passkey").click();
  await page.locator('input[name="proof"]').waitFor();
}

async function add(page, server, name) {
  await openForm(page, server);
  if (name) await page.getByLabel("Name", { exact: true }).fill(name);
  await page.locator('input[name="proof"]').fill(server.facts.owner_password);
  await button(page, "Create passkey").click();
  await page.getByText(/ is added\.$/).waitFor();
}

/** Without the offer at the e-mail address, which a device that is touched at once would answer by itself. */
const withoutOffer = (context) =>
  context.addInitScript(() => {
    if (globalThis.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });

test("somebody adds a passkey, signs in with it alone, and no more when it is removed", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open();
  await withoutOffer(context);
  const page = await signIn(context, server, EMAIL, server.facts.owner_password);
  const device = await withDevice(page);
  await page.goto(`${server.app}/settings/account`);
  await page.getByText("You have no passkey.").waitFor();
  await assertAccessible(page, "account without passkeys");
  await picture(page, "passkeys-none");
  // By keyboard alone.
  await tabTo(page, button(page, "Add passkey"));
  await page.keyboard.press("Enter");
  assert.match(await page.getByLabel("Name", { exact: true }).inputValue(), /^Chrome on Linux, /);
  await page.keyboard.type("a wrong guess of many");
  await page.keyboard.press("Enter");
  await page.getByText(/This is not your current password/).waitFor();
  await assertAccessible(page, "account, adding a passkey");
  await picture(page, "passkeys-add");
  await page.locator('input[name="proof"]').fill(server.facts.owner_password);
  await page.keyboard.press("Enter");
  await page.getByText(/ is added\.$/).waitFor();
  const [key] = await device.keys();
  assert.equal(key.isResidentCredential, true);
  assert.equal(key.rpId, new URL(server.app).hostname);
  assert.equal(key.userName, EMAIL);
  assert.ok(!Buffer.from(key.userHandle, "base64").toString().includes("ben"), "the handle says nothing");
  await page.getByRole("button", { name: /^Rename / }).click();
  await page.getByLabel("Name", { exact: true }).fill("Work laptop");
  await page.keyboard.press("Enter");
  await page.getByText("Work laptop", { exact: true }).waitFor();
  await assertAccessible(page, "account with a passkey");
  await picture(page, "passkeys");
  // The device has one already.
  await openForm(page, server);
  await page.locator('input[name="proof"]').fill(server.facts.owner_password);
  await button(page, "Create passkey").click();
  await page.getByText("This device has a passkey of yours already.").waitFor();

  await signOut(page);
  await assertAccessible(page, "sign-in with a passkey");
  await picture(page, "sign-in-passkey");
  await button(page, "Sign in with a passkey").click();
  await page.getByRole("tab", { name: /Mine/ }).waitFor();
  await page.goto(`${server.app}/settings/account`);
  await page.getByText(/last used on/).waitFor();

  await button(page, "Remove Work laptop").click();
  await picture(page, "passkeys-remove");
  await button(page, "Remove Work laptop").click();
  await page.getByText(/Work laptop signs you in no more/).waitFor();
  await page.getByText("You have no passkey.").waitFor();
  assert.equal(await page.getByText(/was removed elsewhere/).count(), 0, "not told to whoever did it");
  await signOut(page);
  await button(page, "Sign in with a passkey").click();
  await page.getByText(/This passkey does not sign you in here/).waitFor();
  await assertAccessible(page, "sign-in, refused");
  await page.getByLabel("E-mail", { exact: true }).fill(EMAIL);
  await page.getByLabel("Password", { exact: true }).fill(server.facts.owner_password);
  await button(page, "Sign in").click();
  await page.getByRole("tab", { name: /Mine/ }).waitFor();
  assert.deepEqual(
    context.errors.filter((error) => !error.includes("422")),
    [],
  );
});

test("a passkey is offered where the e-mail address is typed", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await signIn(context, server, EMAIL, server.facts.owner_password);
  await withDevice(page);
  await add(page, server, "Phone");
  // The device answers as soon as it is asked: nobody presses anything on the sign-in screen.
  const answered = page.waitForResponse((response) => response.url().endsWith("/api/session/passkey"));
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  assert.equal((await answered).status(), 200);
  await page.getByRole("tab", { name: /Mine/ }).waitFor();
  assert.deepEqual(context.errors, []);
});

test("a new passkey is told of in other windows, and taken away from there", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const old = await signIn(await open(), server, EMAIL, server.facts.owner_password);
  const context = await open({ size: PHONE, dark: true });
  await withoutOffer(context);
  const there = await signIn(context, server, EMAIL, server.facts.owner_password);
  await button(old, "It was me").click();
  const device = await withDevice(there);
  await add(there, server, "Strange key");
  await old.getByText(/A passkey was added to your account: Strange key/).waitFor();
  await assertAccessible(old, "notice of a new passkey");
  await picture(old, "passkey-notice");
  await assertAccessible(there, "passkeys on a phone, dark");
  await there.getByRole("heading", { name: "Passkeys" }).scrollIntoViewIfNeeded();
  await picture(there, "passkeys-phone-dark");
  const wide = await there.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `${wide} px wide`);
  await button(old, "Remove it").click();
  await there.getByText("Your passkey Strange key was removed elsewhere.").waitFor();
  await there.getByText("You have no passkey.").waitFor();
  // A device whose owner is not recognised signs nobody in.
  await add(there, server, "Mine");
  await button(old, "It was me").click();
  await device.verify(false);
  await signOut(there);
  await picture(there, "sign-in-passkey-phone-dark");
  await button(there, "Sign in with a passkey").click();
  await there.getByText(/No passkey was used/).waitFor();
  await device.verify(true);
  await button(there, "Sign in with a passkey").click();
  await there.getByRole("tab", { name: /Mine/ }).waitFor();
  assert.deepEqual(context.errors, []);
});

test("passkeys in German on a phone", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open({ size: PHONE, language: "de-DE" });
  await withoutOffer(context);
  const page = await context.newPage();
  await page.goto(server.app);
  await page.evaluate(() => localStorage.setItem("diskret.language", "de"));
  await button(page, "Mit Passkey anmelden").waitFor();
  await assertAccessible(page, "sign-in, German, phone");
  await picture(page, "sign-in-passkey-phone-de");
  await page.locator('input[name="email"]').fill(EMAIL);
  await page.locator('input[name="password"]').fill(server.facts.owner_password);
  await button(page, "Anmelden").click();
  await page.getByRole("tab", { name: /Meine/ }).waitFor();
  await page.goto(`${server.app}/settings/account`);
  await button(page, "Passkey hinzufügen").click();
  await page.locator('input[name="passkey-name"]').scrollIntoViewIfNeeded();
  await assertAccessible(page, "passkeys, German, phone");
  await picture(page, "passkeys-phone-de");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `${wide} px wide`);
  assert.deepEqual(context.errors, []);
});
