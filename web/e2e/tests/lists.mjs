// Many conversations: several changed at once, a filter in the address, and ten thousand that scroll.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { picture } from "../lib/browser.mjs";
import { begin, ROOMY } from "../lib/crowd.mjs";
import { signIn } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const MANY = 10_000;

async function desk({ start, open }, many, language) {
  const server = await start({ setUp: {}, flags: ROOMY });
  await begin(server, many, (number) => `Question ${number + 1}`, language);
  const team = await open();
  await team.addInitScript(watchWork);
  const page = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  await page.getByRole("tab", { name: /Unassigned/ }).click();
  await page.getByText("Question").first().waitFor();
  return { server, team, page };
}

/** Notes long tasks, and how long each change of a row keeps the page busy, drawing it included. */
function watchWork() {
  globalThis.tasks = [];
  globalThis.updates = [];
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) globalThis.tasks.push(Math.round(task.duration));
  }).observe({ entryTypes: ["longtask"] });
  const Native = globalThis.WebSocket;
  globalThis.WebSocket = class extends Native {
    set onmessage(take) {
      super.onmessage =
        take &&
        ((event) => {
          const since = performance.now();
          take(event);
          if (!String(event.data).includes('"type":"conversation"')) return;
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            document.body.getBoundingClientRect(); // lays out what has changed
            globalThis.updates.push(performance.now() - since);
          };
          port2.postMessage(0);
        });
    }
    get onmessage() {
      return super.onmessage;
    }
  };
}

test("several conversations are chosen by key and changed at once, and it can be undone", async (tools) => {
  const { page, team } = await desk(tools, 6);
  const tab = (name) => page.getByRole("tab", { name });
  await tab(/Unassigned/)
    .filter({ hasText: "6" })
    .waitFor();
  await page.keyboard.press("j");
  await page.getByLabel(/^Reply to/).waitFor();
  await page.keyboard.press("x");
  await page.getByText("1 selected").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Shift+X");
  await page.getByText("3 selected").waitFor();
  await assertAccessible(page, "several selected");
  await picture(page, "bulk-en-desktop-light");
  await page.getByRole("toolbar").getByRole("button", { name: "End" }).press("Enter");
  await page.getByText("3 conversations ended").waitFor();
  await tab(/Unassigned/)
    .filter({ hasText: "3" })
    .waitFor();
  await page.keyboard.press("z");
  await tab(/Unassigned/)
    .filter({ hasText: "6" })
    .waitFor();

  // By the boxes, with the shift key: to oneself, and back to nobody.
  const boxes = page.getByRole("checkbox", { name: /Select Visitor/ });
  await boxes.nth(1).click();
  await boxes.nth(4).click({ modifiers: ["Shift"] });
  await page.getByText("4 selected").waitFor();
  await page.getByRole("toolbar").getByRole("button", { name: "Assign" }).click();
  await page.getByRole("menuitem", { name: "To me" }).click();
  await page.getByText(/4 conversations assigned to Ben Sommer/).waitFor();
  await tab(/Mine/).filter({ hasText: "4" }).waitFor();
  await page.getByRole("button", { name: /^Undo/ }).last().click();
  await tab(/Unassigned/)
    .filter({ hasText: "6" })
    .waitFor();

  await boxes.nth(0).click();
  await page.keyboard.press("Escape");
  await page.getByText("1 selected").waitFor({ state: "detached" });
  assert.deepEqual(team.errors, []);
});

test("a filter stands in the address and shows the same from a bookmark", async (tools) => {
  const { page, team, server } = await desk(tools, 7, (number) => (number < 3 ? "de" : "en"));
  const questions = page.locator(".list li");
  assert.equal(await questions.count(), 7);
  await page.getByRole("button", { name: "Filter" }).press("Enter");
  await page.getByLabel("Language").selectOption("de");
  await page.getByLabel("Unread only").check();
  await assertAccessible(page, "filter");
  await picture(page, "filter-en-desktop-light");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelectorAll(".list li").length === 3);
  assert.equal(new URL(page.url()).search, "?language=de&unread=yes");
  await questions.first().getByRole("link").click();
  await page.getByLabel(/^Reply to/).waitFor();
  assert.equal(new URL(page.url()).search, "?language=de&unread=yes", "a conversation is opened within the filter");
  await page.waitForFunction(() => document.querySelectorAll(".list li").length === 2);

  const bookmark = await team.newPage();
  await bookmark.goto(`${server.app}/?language=de`);
  await bookmark.waitForFunction(() => document.querySelectorAll(".list li").length === 3);
  await bookmark.goto(`${server.app}/?waiting=60`);
  await bookmark.getByText("Nothing in this list fits the filter.").waitFor();
  await bookmark.getByRole("button", { name: "Show everything" }).press("Enter");
  await bookmark.waitForFunction(() => document.querySelectorAll(".list li").length === 7);
  assert.deepEqual(team.errors, []);
});

test("ten thousand open conversations scroll, and a new one is on the screen at once", async (tools) => {
  const { page, team, server } = await desk(tools, MANY);
  const since = Date.now();
  const held = () => page.evaluate(() => Number(document.querySelector(".list li")?.getAttribute("aria-setsize")));
  while ((await held()) < MANY) {
    await page.evaluate(() => {
      const panel = document.querySelector(".list .panel");
      panel.scrollTop = panel.scrollHeight;
    });
    await page.waitForTimeout(20);
    assert.ok(Date.now() - since < 120_000, `loaded: ${await held()}`);
  }
  console.log(`      ${MANY} rows were loaded within ${Date.now() - since} ms`);
  const loading = await page.evaluate(() => globalThis.tasks.splice(0));
  console.log(`      long tasks while loading: ${loading.length}, longest ${Math.max(0, ...loading)} ms`);

  await page.evaluate(async () => {
    const panel = document.querySelector(".list .panel");
    for (let step = 0; step < 120; step += 1) {
      panel.scrollTop = (panel.scrollHeight * step) / 120;
      await new Promise(requestAnimationFrame);
    }
    panel.scrollTop = 0;
    await new Promise(requestAnimationFrame);
  });
  assert.ok((await page.locator(".list li").count()) < 60, "only what is in sight is drawn");
  await page.evaluate(() => globalThis.updates.splice(0));
  for (let number = 0; number < 30; number += 1) {
    await begin(server, 1, () => `News ${number}`);
    await page.getByText(`News ${number}`, { exact: true }).first().waitFor();
  }
  const { updates, tasks } = await page.evaluate(() => ({ updates: globalThis.updates, tasks: globalThis.tasks }));
  updates.sort((a, b) => a - b);
  const median = updates[Math.floor(updates.length / 2)];
  console.log(
    `      an update takes ${median.toFixed(1)} ms (median of ${updates.length}), at most ${updates.at(-1).toFixed(1)} ms`,
  );
  console.log(`      long tasks: ${tasks.length}, longest ${Math.max(0, ...tasks)} ms`);
  assert.ok(updates.length >= 30, `${updates.length}`);
  assert.ok(median < 50, `median ${median} ms`);
  assert.ok(Math.max(0, ...tasks) <= 200, `long tasks: ${tasks}`);

  // The keyboard finds what is drawn nowhere.
  await page.locator(".list li a").first().focus();
  await page.keyboard.press("End");
  await page.waitForFunction(
    (last) => document.activeElement.closest("li")?.getAttribute("aria-posinset") === last,
    String(MANY + 30),
  );
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.activeElement.closest("li")?.getAttribute("aria-posinset") === "1");
  assert.deepEqual(team.errors, []);
});
