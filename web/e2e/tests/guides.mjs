// What the guides show, in both languages: the same steps as they describe, on a desktop in the light.
import assert from "node:assert/strict";
import { pictureOf } from "../lib/guides.mjs";
import { withDevice } from "../lib/passkeys.mjs";
import { enter, openChat, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const SIZE = { width: 1440, height: 760 };

const SCENES = {
  en: {
    locale: "en-GB",
    shop: "/en.html",
    asks: ["Good morning, my parcel never arrived.", "It is order 4711. Can you look where it is?"],
    answers: "Good morning, I am looking for it. The depot says it is on its way.",
    handover: "Depot does not answer the phone. Please call again after ten.",
    mention: "Did you see this parcel, @le",
    topics: ["Delivery", "Returns", "Invoice and payment"],
    passkey: "Work laptop",
    program: "Ticket import",
    emoji: "Thank you :smi",
  },
  de: {
    locale: "de-DE",
    shop: "/",
    asks: ["Guten Morgen, mein Paket ist nicht angekommen.", "Es ist Bestellung 4711. Können Sie nachsehen?"],
    answers: "Guten Morgen, ich sehe nach. Das Depot sagt, es ist unterwegs.",
    handover: "Im Depot geht niemand ans Telefon. Bitte nach zehn noch einmal anrufen.",
    mention: "Hast du dieses Paket gesehen, @le",
    topics: ["Lieferung", "Retouren", "Rechnung und Zahlung"],
    passkey: "Laptop im Büro",
    program: "Ticket-Import",
    emoji: "Vielen Dank :läc",
  },
};

const post = (page, path, body) =>
  page.evaluate(
    async ([to, what]) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(to, { method: "POST", headers, body: JSON.stringify(what) });
      if (!answer.ok) throw new Error(`${to}: ${answer.status}`);
    },
    [path, body],
  );

for (const [language, scene] of Object.entries(SCENES)) {
  test(`pictures of the guides, ${language}`, async ({ start, open }) => {
    const server = await start({ setUp: { language } });
    const people = [
      ["Lena Roth", "manager"],
      ["Omar Aziz", "agent"],
    ];
    for (const [name, role] of people) {
      const email = `${name.split(" ")[0].toLowerCase()}@example.de`;
      server.addOperator(server.facts.organisation, { name, email, role, language });
    }
    const shop = await open();
    const chat = await openChat(await visitShop(shop, server, scene.shop));
    for (const text of scene.asks) await write(chat, text);
    const context = await open({ size: SIZE, language: scene.locale });
    const page = await enter(context, server, "ben@example.de", server.facts.owner_password);
    for (const [at, name] of scene.topics.entries()) await post(page, "/api/topics", { name, colour: at + 1 });

    const shown = pictureOf(page, language);
    // The conversation: who it goes to, what it is about, until when it waits, and what is written in it.
    await page.getByRole("tab").nth(1).click();
    await page.getByText("4711").first().click();
    const field = page.locator(".composer textarea");
    await field.waitFor();
    const [head, sheet] = [page.locator(".talk header"), page.locator(".talk header .sheet")];
    const composer = page.locator(".composer");
    const title = () => page.evaluate(() => document.getElementById("conversation-title").focus());
    const key = async (name) => {
      await title();
      await page.keyboard.press(name);
    };
    await key("t");
    await page.getByRole("menuitemcheckbox", { name: scene.topics[0] }).press("Enter");
    await page.getByRole("menuitemcheckbox", { name: scene.topics[0], checked: true }).waitFor();
    await page.locator(".toast").waitFor();
    await page.locator(".toast button").last().click();
    await key("t");
    await page.getByRole("menuitemcheckbox").nth(2).waitFor();
    await shown("topics", head, sheet);
    await page.keyboard.press("Escape");
    await key("h");
    await page.getByRole("menuitem").nth(2).waitFor();
    await shown("put-off", head, sheet);
    await page.keyboard.press("Escape");
    await key("a");
    const lena = page.getByRole("menuitemradio", { name: /Lena Roth/ });
    await lena.waitFor();
    await lena.focus();
    await page.locator("#handover-note").fill(scene.handover);
    await page.locator(".talk header .note .btn").waitFor();
    await shown("hand-over", head, sheet);
    await page.keyboard.press("Escape");

    // Nobody reads it: it can still be changed.
    await chat.locator("#close").click();
    await field.fill(scene.answers);
    await field.press("Control+Enter");
    const mine = page.locator(".thread .message.us");
    await mine.getByText(scene.answers).waitFor();
    await mine.hover();
    await mine.getByRole("button").first().click();
    await page.getByRole("menuitem").nth(1).waitFor();
    await shown("change-message", page.locator(".thread .message").first(), mine.locator(".sheet"), composer);
    await page.keyboard.press("Escape");
    await field.fill("");
    await field.focus();
    await page.keyboard.type(scene.emoji);
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("option").nth(1).waitFor();
    await shown("emoji", dialog, composer);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await field.fill("");
    await key("n");
    await page.keyboard.type(scene.mention);
    await page.getByRole("option", { name: /Lena Roth/ }).waitFor();
    await shown("mention", page.getByRole("listbox"), composer);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await page.locator(".thread .note b").getByText("@Lena Roth").waitFor();

    // One's own account, programs, and what is recorded of all that.
    await withDevice(page);
    await page.setViewportSize({ ...SIZE, height: 1000 });
    await page.goto(`${server.app}/settings/account`);
    const factor = page.locator('section[aria-labelledby="account-factor"]');
    const passkeys = page.locator('section[aria-labelledby="account-passkeys"]');
    await factor.getByRole("button").first().click();
    await factor.getByRole("img").waitFor();
    await factor.scrollIntoViewIfNeeded();
    await shown("second-factor", factor);
    await page.reload();
    await passkeys.getByRole("button").first().click();
    await passkeys.locator('input[name="passkey-name"]').fill(scene.passkey);
    await passkeys.locator('input[name="proof"]').fill(server.facts.owner_password);
    await passkeys.locator('button[type="submit"]').click();
    await passkeys.getByText(scene.passkey).first().waitFor();
    await passkeys.scrollIntoViewIfNeeded();
    await shown("passkeys", passkeys);

    await page.goto(`${server.app}/settings/programs`);
    const programs = page.locator(".programs");
    await programs.getByRole("button").first().click();
    await programs.locator('input[name="name"]').fill(scene.program);
    await programs.locator("select").first().selectOption("read");
    await shown("programs", programs.locator("form"));
    await programs.locator('input[name="proof"]').fill(server.facts.owner_password);
    await programs.locator('button[type="submit"]').click();
    await programs.locator(".token").waitFor();

    await page.goto(`${server.app}/settings/audit`);
    await page.locator("summary", { hasText: scene.program }).first().waitFor();
    const entries = page.locator("main li", { has: page.locator("summary") });
    await entries.filter({ hasText: scene.program }).first().locator("summary").click();
    await page.mouse.move(0, 0);
    await shown("audit-log", entries.first(), entries.nth(6));
    assert.deepEqual(context.errors, []);
  });
}
