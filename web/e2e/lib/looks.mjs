// A test of the desk in the looks it is met in: language, screen, light or dark.
import assert from "node:assert/strict";
import { assertAccessible } from "./accessible.mjs";
import { DESKTOP, PHONE, picture } from "./browser.mjs";
import { begin } from "./crowd.mjs";
import { fillIn } from "./people.mjs";
import { test } from "./test.mjs";

const LOCALES = { en: "en-GB", de: "de-DE" };

/**
 * Makes the question whether what a page shows is accessible and no wider than the screen; it takes a picture, too. Of another
 * page where one is named.
 */
export const shows =
  (own, look) =>
  async (what, page = own) => {
    await assertAccessible(page, what);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${what} is ${wide} pixels too wide`);
    await picture(page, `${what}-${look}`);
  };

const ASKED_TOO_LATE = /404 .*\/api\/conversations\//;

/**
 * Registers a test in four looks: each language on a desktop and on a phone, one of the two dark, where `darkDesktop` is the
 * language whose desktop it is. `begun` conversations have begun, each with what `says` tells, and the owner is signed in.
 * `backedUp` servers have two places of backups. Where it `forgets`, a conversation that went in this moment may be asked for once
 * more, which is answered with 404.
 */
export function testAtTheDesk(
  name,
  { words, begun, says, darkDesktop = "de", backedUp = false, forgets = false },
  body,
) {
  for (const language of ["en", "de"]) {
    for (const [device, size] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      const phone = device === "phone";
      const dark = (language === darkDesktop) !== phone;
      const look = `${language}-${device}-${dark ? "dark" : "light"}`;
      test(`${name} ${look}`, async ({ start, open, places }) => {
        const server = await start({ setUp: { language }, flags: backedUp ? places() : [] });
        await begin(
          server,
          begun,
          (number) => says(words[language], number + 1),
          () => language,
        );
        const options = { size, dark, language: LOCALES[language], hasTouch: phone };
        const context = await open(options);
        const page = await context.newPage();
        await page.goto(server.app);
        await fillIn(page, language, "ben@example.de", server.facts.owner_password);
        await page.getByRole("tab").first().waitFor();
        const press = (locator) => (phone ? locator.tap() : locator.press("Enter"));
        const person = () => open(options);
        await body({
          server,
          context,
          page,
          person,
          phone,
          press,
          shown: shows(page, look),
          words: words[language],
          language,
        });
        assert.deepEqual(
          context.errors.filter((error) => !(forgets && ASKED_TOO_LATE.test(error))),
          [],
        );
      });
    }
  }
}
