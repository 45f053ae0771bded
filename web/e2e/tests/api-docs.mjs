// The page of the API: read without a script, by keyboard, on a phone, in light and dark.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { PHONE, picture } from "../lib/browser.mjs";
import { test } from "../lib/test.mjs";

test("the API’s page reads without scripts and without anything from elsewhere, on a phone and in the dark", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const document = JSON.parse((await server.ask(`${server.app}/api/openapi.json`)).body);
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  for (const [name, options] of Object.entries({ desktop: {}, phone: { size: PHONE, dark: true } })) {
    const context = await open({ ...options, javaScriptEnabled: false });
    const asked = [];
    context.on("request", (request) => asked.push(request.url()));
    const page = await context.newPage();
    await page.goto(`${server.app}/api/docs`);
    await page.getByRole("heading", { name: "The operators’ API" }).waitFor();
    assert.deepEqual(asked, [`${server.app}/api/docs`, `${server.app}/api/docs.css`]);
    for (const { operationId } of operations) assert.equal(await page.locator(`article#${operationId}`).count(), 1);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(new URL(page.url()).hash, "#operations");
    await picture(page, `api-docs-${name}`);
    await page.goto(`${server.app}/api/docs#change_widget`);
    await picture(page, `api-docs-${name}-operation`);
    assert.deepEqual(context.errors, []);

    const withScripts = await open(options);
    const again = await withScripts.newPage();
    await again.goto(`${server.app}/api/docs`);
    await assertAccessible(again, `page of the API, ${name}`);
    const wide = await again.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, `${name}: nothing stands out to the side`);
    const broken = await again.evaluate(() =>
      [...document.querySelectorAll('a[href^="#"]')]
        .map((link) => link.getAttribute("href"))
        .filter((to) => !document.getElementById(to.slice(1))),
    );
    assert.deepEqual(broken, [], "every link leads somewhere");
  }
});
