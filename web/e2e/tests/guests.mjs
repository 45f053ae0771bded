// A colleague is asked into a conversation that their role does not cover, helps, and goes again.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { pair } from "../lib/pair.mjs";
import { said } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    toMe: "To me",
    actions: "Actions",
    give: "Assign or hand over",
    invite: "Invite a colleague",
    invited: /^Ben Sommer invited you into the conversation with Visitor/,
    line: "Ben Sommer invited Lena Roth",
    left: /^Lena Roth left/,
    leave: "Leave the conversation",
    remove: "Remove Lena Roth",
    removed: "Lena Roth no longer takes part",
    undo: /^Undo/,
    willBe: "will be invited",
    gone: /You no longer take part/,
    person: "About the visitor",
  },
  de: {
    toMe: "Mir",
    actions: "Aktionen",
    give: "Zuweisen oder übergeben",
    invite: "Jemanden dazuholen",
    invited: /^Ben Sommer hat Sie zum Gespräch mit Besucher/,
    line: "Ben Sommer hat Lena Roth dazugeholt",
    left: /^Lena Roth ist nicht mehr dabei/,
    leave: "Nicht mehr dabei sein",
    remove: "Lena Roth nicht mehr dabeihaben",
    removed: "Lena Roth ist nicht mehr dabei",
    undo: /^Rückgängig/,
    willBe: "wird dazugeholt",
    gone: /Sie sind nicht mehr dabei/,
    person: "Über den Besucher",
  },
};

for (const [language, device, size] of [
  ["en", "desktop", DESKTOP],
  ["de", "phone", PHONE],
]) {
  test(`a colleague is asked in and goes again, ${language} ${device}`, async (tools) => {
    const words = WORDS[language];
    const touch = device === "phone";
    const { ben, lena, chat, errors } = await pair(tools, language, device, size);
    const press = (one) => (touch ? one.tap() : one.press("Enter"));
    const row = lena.locator(".list li");
    const takesPart = ben.locator(".person .takes-part");

    // Ben takes it: it is out of Lena's reach, and leaves her list.
    await row.waitFor({ state: "attached" });
    const menu = async (desk, name) => {
      await desk.getByRole("button", { name: words.actions, exact: true }).tap();
      await desk.getByRole("menuitem", { name, exact: true }).tap();
    };
    if (touch) await menu(ben, words.give);
    else {
      await ben.evaluate(() => document.getElementById("conversation-title").focus());
      await ben.keyboard.press("a");
    }
    await press(ben.getByRole("menuitemradio", { name: words.toMe, exact: true }));
    await said(chat, /Ben Sommer/)
      .first()
      .waitFor();
    await row.waitFor({ state: "detached" });

    if (touch) await menu(ben, words.invite);
    else {
      await ben.evaluate(() => document.getElementById("conversation-title").focus());
      await ben.keyboard.press("i");
    }
    const lenas = ben.getByRole("menuitem", { name: /Lena Roth/ });
    await lenas.waitFor();
    await assertAccessible(ben, "whom one can ask in");
    await picture(ben, `invite-${language}-${device}`);
    await press(lenas);
    await takesPart.getByText("Lena Roth").waitFor();
    await assertAccessible(ben, "who takes part");
    await picture(ben, `takes-part-${language}-${device}`);

    // She is told, finds it among hers, and answers under her own name.
    await lena.getByText(words.invited).waitFor();
    await lena.getByRole("tab").nth(0).click();
    await row.click();
    await lena.locator(".thread").getByText(words.line).waitFor();
    await lena.locator("textarea").last().fill("I can help");
    await lena.locator("textarea").last().press("Control+Enter");
    await said(chat, "I can help").waitFor();
    await said(chat, /Lena Roth/)
      .first()
      .waitFor();
    await picture(lena, `guest-${language}-${device}`);

    // She goes: it is out of her reach again, and Ben reads that she went.
    if (touch) await menu(lena, words.person);
    await press(lena.locator(".person").getByRole("button", { name: words.leave }));
    await lena.getByText(words.gone).first().waitFor();
    await row.waitFor({ state: "detached" });
    if (touch) await ben.locator("section.person .back").tap();
    await ben.locator(".thread").getByText(words.left).waitFor();
    assert.equal(
      await chat.getByText(/invited|left|dabei|dazugeholt/).count(),
      0,
      "how a team helps itself is its own",
    );

    // A note that asks her brings her in; whoever sends somebody away can take it back.
    if (touch) await ben.locator(".modes label").nth(1).tap();
    else {
      await ben.evaluate(() => document.getElementById("conversation-title").focus());
      await ben.keyboard.press("n");
    }
    const field = ben.locator("textarea").last();
    await field.focus();
    await ben.keyboard.type("@len");
    const option = ben.getByRole("option", { name: words.willBe });
    await option.waitFor();
    await (touch ? option.tap() : ben.keyboard.press("Enter"));
    await ben.keyboard.type("please look");
    assert.equal(await row.count(), 0, "nobody is brought in before the note is stored");
    await (touch
      ? ben.locator(".composer button[type=submit], .composer .btn.primary").last().tap()
      : ben.keyboard.press("Enter"));
    await ben.locator(".thread .note b").getByText("@Lena Roth").waitFor();
    await row.waitFor({ state: "attached" });
    if (touch) await menu(ben, words.person);
    await press(takesPart.getByRole("button", { name: words.remove }));
    await row.waitFor({ state: "detached" });
    await ben.getByText(words.removed).first().waitFor();
    const told = ben.locator(".toast", { hasText: words.removed });
    await press(told.getByRole("button", { name: words.undo }));
    await takesPart.getByText("Lena Roth").waitFor();
    await row.waitFor({ state: "attached" });
    assert.deepEqual(errors(), []);
  });
}
