// One's own account in a real browser: second factor, recovery code, a session ended from elsewhere, programs.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { assertAccessible } from "../lib/accessible.mjs";
import { PHONE, picture } from "../lib/browser.mjs";
import { enter, signIn } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const EMAIL = "ben@example.de";
const HALF_A_MINUTE = 30_000;

/** What an authenticator app shows (RFC 6238), computed here and not by the program. */
function codeOf(secret, at = Date.now()) {
  const bits = [...secret.replaceAll(" ", "")]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / HALF_A_MINUTE)));
  const tag = createHmac("sha1", key).update(step).digest();
  const number = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

async function firstStep(page, server) {
  await page.getByLabel("E-mail", { exact: true }).fill(EMAIL);
  await page.getByLabel("Password", { exact: true }).fill(server.facts.owner_password);
  await button(page, "Sign in").click();
  await page.getByRole("heading", { name: "Enter the code" }).waitFor();
}

async function signOut(page) {
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

test("somebody sets up a second factor and signs in with a code and with a recovery code", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await signIn(context, server, EMAIL, server.facts.owner_password);
  await page.getByRole("button", { name: /your menu/ }).click();
  await page.getByRole("menuitem", { name: "My account" }).click();
  await page.getByRole("heading", { name: "Second factor" }).waitFor();
  await assertAccessible(page, "account");
  await picture(page, "account");
  await button(page, "Set up second factor").click();
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  await assertAccessible(page, "account, setting up a second factor");
  await picture(page, "account-second-factor");
  const secret = await page.locator(".secret").textContent();
  await page.getByLabel("Code from the app", { exact: true }).fill("000000");
  await page.locator('input[name="proof"]').fill(server.facts.owner_password);
  await button(page, "Turn on second factor").click();
  await page.getByText(/This code does not fit/).waitFor();
  await page.getByLabel("Code from the app", { exact: true }).fill(codeOf(secret));
  await button(page, "Turn on second factor").click();
  await page.getByRole("list", { name: "Recovery codes" }).waitFor();
  const codes = await page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allTextContents();
  assert.equal(new Set(codes).size, 10);
  await assertAccessible(page, "account, recovery codes");
  await button(page, "I have kept them").click();
  await page.getByText("10 recovery codes are left.").waitFor();

  await signOut(page);
  await firstStep(page, server);
  await assertAccessible(page, "sign-in, second step");
  await picture(page, "sign-in-code");
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await button(page, "Sign in").click();
  await page.getByText(/This code is not right/).waitFor();
  // The code of the set-up was used: a code of the next half minute is taken early.
  await page.getByLabel("Code", { exact: true }).fill(codeOf(secret, Date.now() + HALF_A_MINUTE));
  await button(page, "Sign in").click();
  await page.getByRole("tab", { name: /Mine/ }).waitFor();

  await signOut(page);
  await firstStep(page, server);
  await button(page, "Use a recovery code").click();
  await assertAccessible(page, "sign-in, recovery code");
  await page.getByLabel("Recovery code", { exact: true }).fill(codes[0].toLowerCase());
  await button(page, "Sign in").click();
  await page.getByRole("tab", { name: /Mine/ }).waitFor();
  await page.goto(`${server.app}/settings/account`);
  await page.getByText("9 recovery codes are left.").waitFor();

  // Off again, with a recovery code in the place of the phone.
  await button(page, "Turn off second factor").click();
  await page.locator('input[name="proof"]').fill(server.facts.owner_password);
  await page.getByLabel(/Code from the app, or/).fill(codes[1]);
  await button(page, "Turn off second factor").click();
  await button(page, "Set up second factor").waitFor();
  assert.deepEqual(
    context.errors.filter((error) => !error.includes("422")),
    [],
  );
});

test("a sign-in with a new browser is told of and ended from the old one", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const old = await signIn(await open(), server, EMAIL, server.facts.owner_password);
  const strange = await signIn(await open({ size: PHONE, dark: true }), server, EMAIL, server.facts.owner_password);
  await old.getByText(/New sign-in: Chrome on Linux/).waitFor();
  await assertAccessible(old, "notice of a new sign-in");
  await picture(old, "new-sign-in");
  assert.equal(await strange.getByText(/New sign-in/).count(), 0, "not to whoever sits there");
  await strange.goto(`${server.app}/settings/account`);
  await strange.getByRole("heading", { name: "Where you are signed in" }).waitFor();
  await assertAccessible(strange, "account on a phone, dark");
  await picture(strange, "account-phone-dark");
  const wide = await strange.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `${wide} px wide`);
  await strange.goto(server.app);
  await strange.getByRole("tab", { name: /Mine/ }).waitFor();

  await old.goto(`${server.app}/settings/account`);
  await old.getByRole("button", { name: /^End sign-in: Chrome on Linux/ }).click();
  await old.getByText("You are signed in nowhere else.").waitFor();
  await strange.getByText(/Your session has ended/).waitFor();
});

test("somebody changes their password and is signed out everywhere else", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await signIn(context, server, EMAIL, server.facts.owner_password);
  const other = await signIn(await open(), server, EMAIL, server.facts.owner_password);
  await page.goto(`${server.app}/settings/account`);
  await page.locator('input[name="current"]').fill("not my password");
  await page.locator('input[name="new"]').fill("four words that nobody knows");
  await button(page, "Change password").click();
  await page.getByText(/This is not your current password/).waitFor();
  await page.locator('input[name="current"]').fill(server.facts.owner_password);
  await button(page, "Change password").click();
  await page.getByText(/Your password is changed/).waitFor();
  await other.getByText(/Your session has ended/).waitFor();
  await signOut(page);
  await signIn(context, server, EMAIL, "four words that nobody knows");
});

test("a program gets a token that is shown once and can be revoked", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open({ size: PHONE });
  const page = await signIn(context, server, EMAIL, server.facts.owner_password);
  await page.goto(`${server.app}/settings/programs`);
  await button(page, "Add program").click();
  await button(page, "Make token").click();
  await page.getByText("Type a name.").waitFor();
  await assertAccessible(page, "programs, form with errors");
  await page.getByLabel("Name", { exact: true }).fill("Ticket import");
  await page.getByRole("combobox", { name: "Conversations" }).selectOption("read");
  await page.getByLabel("Current password", { exact: true }).fill("not my password at all");
  await button(page, "Make token").click();
  await page.getByText("This is not your current password").waitFor();
  assert.equal(context.errors.splice(0).length, 1, "the refusal, which browsers count as an error");
  await page.getByLabel("Current password", { exact: true }).fill(server.facts.owner_password);
  await button(page, "Make token").click();
  await page.getByRole("group", { name: "The new token" }).waitFor();
  await assertAccessible(page, "programs with a new token");
  await picture(page, "programs-phone");
  const token = await page.locator(".token").textContent();
  const asked = (path) => server.ask(`${server.app}${path}`, { authorization: `Bearer ${token}` });
  assert.equal((await asked("/api/conversations?list=all")).status, 200);
  assert.equal((await asked("/api/widgets")).status, 403);
  await page.reload();
  await page.getByText("Ticket import").waitFor();
  assert.equal(await page.getByText(token).count(), 0, "shown once");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= PHONE.width, `${wide} px wide`);
  const revoke = page.getByRole("button", { name: "Revoke token of Ticket import" });
  await revoke.click();
  await revoke.click();
  await page.getByText("Ticket import has no access any more.").waitFor();
  assert.equal((await asked("/api/conversations?list=all")).status, 401);
  assert.deepEqual(context.errors, []);
});

/** At this page: turns the second factor on as the account's own screen does, with a code that fits. */
async function turnOn(page, password) {
  const ask = (path, method, body) =>
    page.evaluate(
      async ([to, how, what]) => {
        const headers = what ? { "content-type": "application/json" } : {};
        const answer = await fetch(to, { method: how, headers, body: what && JSON.stringify(what) });
        if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`);
        return answer.json();
      },
      [path, method, body],
    );
  const { secret } = await ask("/api/second-factor/draft", "POST");
  await ask("/api/second-factor", "PUT", { secret, password, code: codeOf(secret) });
}

const RESET = {
  en: {
    change: "Change Lena Roth",
    changeMine: "Change Ben Sommer",
    reset: "Reset second factor",
    does: /The second factor of Lena Roth is turned off and their passkeys are removed\./,
    sure: "Turn off Lena Roth’s second factor",
    cancel: "Cancel",
    done: "The second factor of Lena Roth is off and their passkeys are removed.",
    told: /A colleague has turned off your second factor/,
  },
  de: {
    change: "Lena Roth ändern",
    changeMine: "Ben Sommer ändern",
    reset: "Zweiten Faktor zurücksetzen",
    does: /Der zweite Faktor von Lena Roth wird ausgeschaltet, Passkeys werden entfernt\./,
    sure: "Zweiten Faktor von Lena Roth ausschalten",
    cancel: "Abbrechen",
    done: "Der zweite Faktor von Lena Roth ist aus, die Passkeys sind entfernt.",
    told: /Jemand aus dem Team hat Ihren zweiten Faktor ausgeschaltet/,
  },
};

for (const [language, size, dark] of [
  ["en", undefined, false],
  ["de", PHONE, true],
]) {
  test(`a colleague's second factor is reset in the team's screen, ${language}`, async ({ start, open }) => {
    const words = RESET[language];
    const locale = language === "de" ? "de-DE" : "en-GB";
    const server = await start({ setUp: { language } });
    const lena = { name: "Lena Roth", email: "lena@example.de", role: "agent", language };
    const password = server.addOperator(server.facts.organisation, lena);
    const hers = await open({ language: locale });
    const her = await enter(hers, server, lena.email, password);
    await turnOn(her, password);

    // Whoever may not change the team is not offered it, and neither is anybody for themselves.
    await her.goto(`${server.app}/settings/team`);
    await her.getByText("Ben Sommer").first().waitFor();
    assert.equal((await button(her, words.change).count()) + (await button(her, words.changeMine).count()), 0);
    const context = await open({ size, dark, language: locale, hasTouch: size === PHONE });
    const page = await enter(context, server, EMAIL, server.facts.owner_password);
    await page.goto(`${server.app}/settings/team`);
    await button(page, words.changeMine).click();
    await page.getByRole("dialog").waitFor();
    assert.equal(await button(page, words.reset).count(), 0, "one's own is turned off with a code");
    await page.keyboard.press("Escape");

    // It says what happens first; the way back leaves all as it is.
    await button(page, words.change).click();
    await button(page, words.reset).click();
    await page.getByText(words.does).waitFor();
    await button(page, words.sure).and(page.locator(":focus")).waitFor();
    await assertAccessible(page, "about to reset a second factor");
    await picture(page, `reset-factor-${language}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    const over = await page.locator("dialog").evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth);
    assert.ok(over <= 0, `the dialog is ${over} pixels too narrow`);
    await button(page, words.cancel).click();
    await button(page, words.reset).and(page.locator(":focus")).waitFor();

    // Where it does not work that is said, and the dialog stays for another try.
    await page.route("**/second-factor", (route) => route.abort());
    await button(page, words.reset).click();
    await button(page, words.sure).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.unroute("**/second-factor");
    await button(page, words.sure).click();
    await page.getByText(words.done).waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });

    // Her password alone lets her in, and she is told.
    const anew = await enter(await open({ language: locale }), server, lena.email, password);
    await anew.getByText(words.told).waitFor();
    assert.deepEqual(
      context.errors.filter((error) => !error.includes("ERR_FAILED")),
      [],
    );
  });
}
