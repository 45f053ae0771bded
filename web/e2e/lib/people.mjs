// What a visitor and an operator do, in their own words.
const SIGN_IN = { en: ["E-mail", "Password", "Sign in"], de: ["E-Mail", "Passwort", "Anmelden"] };

/** Fills in the sign-in screen that is shown, by what it says in this language. */
export async function fillIn(page, language, email, password) {
  const [address, secret, enter] = SIGN_IN[language];
  await page.getByLabel(address, { exact: true }).fill(email);
  await page.getByLabel(secret, { exact: true }).fill(password);
  await page.getByRole("button", { name: enter, exact: true }).click();
}

/** Signs in through the sign-in screen and waits for the message centre. */
export async function signIn(context, server, email, password) {
  const page = await context.newPage();
  await page.goto(server.app);
  await fillIn(page, "en", email, password);
  await page.getByRole("tab", { name: /Mine/ }).waitFor();
  return page;
}

/** Signs in whatever the language is. */
export async function enter(context, server, email, password) {
  const desk = await context.newPage();
  await desk.goto(server.app);
  await desk.locator('input[type="email"], input[name="email"]').first().fill(email);
  await desk.locator('input[name="password"]').fill(password);
  await desk.locator('button[type="submit"]').click();
  await desk.getByRole("tab").nth(1).waitFor();
  return desk;
}

/** Presses Tab until the focus is there: what cannot be reached without a mouse fails. */
export async function tabTo(page, locator) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${locator} cannot be reached by Tab`);
}

/** Opens the shop's page; the chat is still closed. */
export async function visitShop(context, server, path = "/en.html") {
  const page = await context.newPage();
  await page.goto(server.shop + path);
  await launcher(page).waitFor();
  return page;
}

export const launcher = (page) => page.getByRole("button", { name: /chat/i }).last();

/** Clicks the launcher; gives back the messenger's frame, ready to write. */
export async function openChat(page) {
  await launcher(page).click();
  const chat = page.frameLocator("iframe");
  await chat.locator("#text").waitFor();
  return chat;
}

export async function write(chat, text) {
  await chat.locator("#text").fill(text);
  await chat.locator("#text").press("Enter");
}

/** Opens the conversation whose row shows this text. */
export async function openConversation(page, preview) {
  await page.getByRole("tab", { name: /Unassigned/ }).click();
  await page.getByText(preview, { exact: false }).first().click();
  await page.getByLabel(/^Reply to/).waitFor();
}

/** Answers at once: tests of other things need not wait until it can no longer be taken back. */
export async function reply(page, text) {
  await page.getByLabel(/^Reply to/).fill(text);
  await page.getByLabel(/^Reply to/).press("Control+Enter");
}

/** A bubble of the messenger with this text; not what is read out to screen readers. */
export const said = (chat, text) => chat.locator("li").filter({ hasText: text });

/** Leaves the composer without touching the mouse. */
export async function outOfComposer(desk) {
  await desk.evaluate(() => document.getElementById("conversation-title").focus());
}
