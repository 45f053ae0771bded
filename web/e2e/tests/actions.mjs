// On a phone one menu in the conversation's head has all that can be done with it: by touch and by keys, none of it out of
// sight, and none of it too small for a finger.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { PHONE, picture } from "../lib/browser.mjs";
import { begin } from "../lib/crowd.mjs";
import { enter } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    locale: "en-GB",
    actions: "Actions",
    give: "Assign or hand over",
    giveTo: "Assign to",
    invite: "Invite a colleague",
    later: "Come back later",
    end: "End conversation",
    reopen: "Reopen",
    person: "About the visitor",
    long: "It left our warehouse this morning and should be with you on Monday, or on Tuesday at the latest.",
    topics: ["Returns", "Invoice and payment"],
  },
  de: {
    locale: "de-DE",
    actions: "Aktionen",
    give: "Zuweisen oder übergeben",
    giveTo: "Zuweisen an",
    invite: "Jemanden dazuholen",
    later: "Später wieder",
    end: "Gespräch beenden",
    reopen: "Wieder öffnen",
    person: "Über den Besucher",
    long: "Es hat unser Lager heute früh verlassen und sollte am Montag bei Ihnen sein, spätestens am Dienstag.",
    topics: ["Retouren", "Rechnung und Zahlung"],
  },
};
const TARGET = 44;

/** Every item of the menus that are open lies in the window and is large enough. */
async function withinReach(page, what) {
  const found = await page.evaluate(() =>
    [...document.querySelectorAll(".talk .sheet [role^=menuitem]")].map((item) => {
      item.scrollIntoView({ block: "nearest" });
      const { left, top, right, bottom, height } = item.getBoundingClientRect();
      const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
      return { text: item.textContent.trim(), height, reached: inside && item.contains(hit) };
    }),
  );
  assert.ok(found.length > 0, `${what} has items`);
  for (const { text, height, reached } of found) {
    assert.ok(reached, `${what}: "${text}" is out of reach`);
    assert.ok(height >= TARGET, `${what}: "${text}" is ${height} pixels high`);
  }
}

for (const [language, dark] of [
  ["en", true],
  ["de", false],
]) {
  test(`everything that can be done with a conversation is two taps away on a phone, ${language}`, async (tools) => {
    const words = WORDS[language];
    const server = await tools.start({ setUp: { language } });
    await begin(
      server,
      1,
      () => "4711",
      () => language,
    );
    const context = await tools.open({ size: PHONE, dark, language: words.locale, hasTouch: true });
    const page = await enter(context, server, "ben@example.de", server.facts.owner_password);
    for (const name of words.topics)
      await page.evaluate(
        (body) =>
          fetch("/api/topics", { method: "POST", headers: { "content-type": "application/json" }, body }).then(
            (answer) => answer.ok || Promise.reject(new Error(String(answer.status))),
          ),
        JSON.stringify({ name, colour: 1 }),
      );
    await page.getByRole("tab").nth(1).tap();
    await page.getByText("4711").first().tap();
    await page.locator(".composer textarea").waitFor();

    const actions = page.getByRole("button", { name: words.actions, exact: true });
    const item = (name) => page.getByRole("menuitem", { name });
    const menus = page.getByRole("menu");
    const closed = () => menus.waitFor({ state: "detached" });
    const shown = async (what) => {
      await withinReach(page, what);
      await assertAccessible(page, what);
      await picture(page, `${what}-${language}-phone-${dark ? "dark" : "light"}`);
    };
    const box = await actions.boundingBox();
    assert.ok(box.width >= TARGET && box.height >= TARGET, "the button is large enough");

    // By touch: each opens with one tap more, and a tap elsewhere closes it.
    await actions.tap();
    await page.getByRole("menuitemcheckbox", { name: words.topics[1] }).waitFor();
    await shown("actions");
    await item(words.give).tap();
    await page.getByRole("menu", { name: words.giveTo }).waitFor();
    await page.getByRole("menuitemradio").nth(1).waitFor();
    await shown("actions-give");
    await page.locator(".thread").tap({ position: { x: 20, y: 500 } });
    await closed();
    await actions.tap();
    await item(words.later).tap();
    await page.getByRole("menu", { name: words.later }).waitFor();
    await shown("actions-later");
    await page.locator(".thread").tap({ position: { x: 20, y: 500 } });
    await closed();
    await actions.tap();
    await page.getByRole("menuitemcheckbox", { name: words.topics[0] }).tap();
    await page.getByRole("menuitemcheckbox", { name: words.topics[0], checked: true }).waitFor();
    await item(words.person).tap();
    await page.locator("section.person").getByText(words.topics[0]).first().waitFor();
    await page.locator("section.person .back").and(page.locator(":focus")).waitFor();
    await page.locator("section.person .back").tap();
    await actions.and(page.locator(":focus")).waitFor();
    await actions.tap();
    await item(words.end).tap();
    await actions.tap();
    await item(words.reopen).waitFor();
    assert.equal(await item(words.later).count(), 0, "what has ended is not put off");
    await item(words.reopen).tap();
    await closed();

    // By keys: Escape closes, and the focus goes back to the button, also from a menu that the first one opened.
    await actions.focus();
    await page.keyboard.press("Enter");
    await item(words.give).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Escape");
    await closed();
    await actions.and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    await item(words.give).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("ArrowDown");
    await item(words.invite).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("ArrowDown");
    await item(words.later).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("menu", { name: words.later }).waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "menuitem");
    await page.keyboard.press("Escape");
    await closed();
    await actions.and(page.locator(":focus")).waitFor();

    // A message as wide as the window has its menu at the edge: it stays in sight.
    const field = page.locator(".composer textarea");
    await field.fill(words.long);
    await field.press("Control+Enter");
    const change = page.locator(".thread .message.us .change button");
    await change.tap();
    await page.getByRole("menuitem").nth(1).waitFor();
    await shown("actions-message");
    assert.deepEqual(context.errors, []);
  });
}
