// What the guide of deletion shows, in both languages: the same steps as it describes, on a desktop in the light.
import assert from "node:assert/strict";
import { begin } from "../lib/crowd.mjs";
import { pictureOf } from "../lib/guides.mjs";
import { enter } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const SIZE = { width: 1440, height: 900 };
const SCENES = {
  en: {
    locale: "en-GB",
    because: "Break-in at the weekend",
    asks: ["My parcel never arrived.", "Do you ship abroad?", "Please delete what I wrote."],
  },
  de: {
    locale: "de-DE",
    because: "Einbruch am Wochenende",
    asks: ["Mein Paket kam nie an.", "Liefern Sie ins Ausland?", "Bitte löschen Sie alles."],
  },
};

const send = (page, method, path, body) =>
  page.evaluate(
    async ([how, to, what]) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(to, { method: how, headers, body: what && JSON.stringify(what) });
      if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`);
      return answer.headers.has("content-type") ? answer.json() : null;
    },
    [method, path, body],
  );

for (const [language, scene] of Object.entries(SCENES)) {
  test(`pictures of the guide of deletion, ${language}`, async ({ start, open, places }) => {
    const server = await start({ setUp: { language }, flags: places() });
    await begin(
      server,
      3,
      (number) => scene.asks[number],
      () => language,
    );
    const context = await open({ size: SIZE, language: scene.locale });
    const page = await enter(context, server, "ben@example.de", server.facts.owner_password);
    const shown = pictureOf(page, language);
    const { items } = await send(page, "GET", "/api/conversations?list=all&ended=false");
    const topic = await send(page, "POST", "/api/topics", {
      name: language === "de" ? "Retouren" : "Returns",
      colour: 1,
    });
    const rules = (days, more) => send(page, "PUT", "/api/retention/rules", { kind: "content", days, ...more });
    await rules(180);
    await rules(730, { topic: topic.id });
    for (const { id } of items.slice(0, 2))
      await send(page, "PUT", `/api/conversations/${id}/state`, { state: "ended" });

    await page.goto(`${server.app}/privacy/retention`);
    await page.locator("main li button").first().click();
    const dialog = page.getByRole("dialog");
    await dialog.locator('input[name="days"]').fill("1");
    await dialog.locator(".some").waitFor();
    await shown("retention", dialog);
    await dialog.locator('button[type="submit"]').click();
    await dialog.waitFor({ state: "detached" });

    await page.goto(`${server.app}/conversations/${items[2].id}`);
    const person = page.locator("section.person");
    await person.getByRole("button", { name: "…" }).click();
    await dialog.locator('input[type="radio"]').first().waitFor();
    await page.mouse.move(0, 0);
    await shown("hold", dialog);
    await dialog.locator('button[type="submit"]').click();
    await dialog.waitFor({ state: "detached" });

    await page.goto(`${server.app}/privacy`);
    await page.locator("main .large").waitFor();
    await shown("privacy", page.locator("main h1"), page.locator("main section").nth(1));

    await page.goto(`${server.app}/privacy/backups`);
    await send(page, "POST", "/api/backups");
    await page.locator("main .seal").first().waitFor({ timeout: 60_000 });
    await send(page, "POST", "/api/epoch/turn");
    const sections = page.locator("main section");
    await sections
      .last()
      .locator("dd", { hasText: /(up to number|bis Nummer) 1$/ })
      .waitFor({ timeout: 60_000 });
    await shown("backups", page.locator("main h1"), sections.nth(1));
    await send(page, "PUT", "/api/epoch/freeze", { days: 2, reason: scene.because });
    const frozen = sections.last().locator(".late");
    await page.reload();
    await frozen.scrollIntoViewIfNeeded();
    await shown("freeze", frozen);

    await page.goto(server.app);
    await page.getByRole("tab").nth(2).click();
    await page.locator(".list li a").first().click();
    await page.locator(".thread .message").first().waitFor();
    await page.evaluate(() => document.getElementById("conversation-title").focus());
    await page.keyboard.press("Delete");
    await page.locator(".stub button").waitFor();
    await page.mouse.move(0, 0);
    await shown("erased", page.locator(".stub"));
    await page.locator(".stub a").last().click();
    await page.locator("details[open]").waitFor();
    await shown("erasure", page.locator("main h1"), page.locator("main li").first());
    assert.deepEqual(context.errors, []);
  });
}
