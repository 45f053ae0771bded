// A visitor's wish, from their window to the receipt that names both places; and what comes back from a backup made before it:
// not that conversation. Two real places, a second machine, and the program's own commands.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openChat, said, signIn, write } from "../lib/people.mjs";
import { run } from "../lib/server.mjs";
import { test } from "../lib/test.mjs";

const GONE = "My number is 4711, please forget it.";
const KEPT = "Where is my parcel 0815?";
const ALSO_GONE = "I wrote to the wrong shop.";
const HIDDEN = [GONE, ALSO_GONE];
// What other servers may have at hand runs out first, which takes a minute.
const PATIENT = { timeout: 150_000 };

/** Somebody who writes from the shop's page; `forget` sends what the widget's own button will send (frame `erase`). */
async function visitor(context, server, text) {
  let token;
  const page = await context.newPage();
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      token = JSON.parse(payload).token ?? token;
    }),
  );
  await page.goto(`${server.shop}/en.html`);
  const chat = await openChat(page);
  await write(chat, text);
  await said(chat, text).waitFor();
  const forget = () =>
    page
      .frames()
      .find((frame) => frame.url().startsWith(server.widget))
      .evaluate(
        async ([widget, secret]) => {
          const hello = {
            type: "hello",
            protocol: 1,
            sender: "00112233445566ff",
            widget,
            token: secret,
            language: "en",
          };
          const body = `${JSON.stringify(hello)}\n{"type":"erase"}\n`;
          const headers = { "content-type": "application/x-ndjson" };
          return (await fetch("/frames?mode=send", { method: "POST", headers, body })).text();
        },
        [server.facts.widget, token],
      );
  return { chat, forget };
}

test("gone: at both places, with a receipt, and it does not come back from an older backup", async ({
  start,
  open,
  machine,
  places,
}) => {
  const flags = places();
  const server = await start({ setUp: {}, flags });
  const { owner_password: password, recovery_key: recovery } = server.facts;
  const context = await open({ acceptDownloads: true });
  const eve = await visitor(await open(), server, GONE);
  await visitor(await open(), server, KEPT);
  await visitor(await open(), server, ALSO_GONE);
  const page = await signIn(context, server, "ben@example.de", password);

  // All of it is in a backup that lies at both places.
  await page.goto(`${server.app}/privacy/backups`);
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.getByText("A backup is being made.").waitFor();
  await page.getByText(/read back at (place_a, place_b|place_b, place_a)/).waitFor(PATIENT);

  // A visitor has theirs erased; an operator erases another's, has it back, and erases it for good.
  assert.match(await eve.forget(), /"erased".*diskret-receipt-1/);
  await eve.chat.getByText("The earlier conversation is deleted").waitFor();
  await page.goto(server.app);
  await page.getByRole("tab", { name: /^All/ }).click();
  await page.getByText("erased by the visitor").waitFor();
  const row = page.locator(".list li a", { hasText: ALSO_GONE });
  const erase = async () => {
    await row.click();
    await page.locator(".thread").getByText(ALSO_GONE).waitFor();
    await page.evaluate(() => document.getElementById("conversation-title").focus());
    await page.keyboard.press("Delete");
    await row.waitFor({ state: "detached" });
  };
  await erase();
  await page.getByRole("button", { name: /^Undo erasing/ }).click();
  await page.locator(".thread").getByText(ALSO_GONE).waitFor();
  await erase();
  await page.goto(`${server.app}/privacy/erasures`);
  await page.getByRole("button", { name: /^Destroy now/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Destroy A conversation now" }).click();
  const erasures = page.locator("main li");
  await erasures
    .filter({ hasText: "by Ben Sommer" })
    .getByText(/being destroyed|last places pending/)
    .waitFor(PATIENT);

  // With the next epoch key goes what could open the older backup: from the screen, not in twelve hours. It is not before both
  // keys are destroyed that it counts for them.
  const shredded = async () => {
    const { items } = await page.evaluate(async () => (await fetch("/api/erasures")).json());
    return items.filter((item) => item.state !== "undone").every((item) => item.shredded_at !== null);
  };
  for (let tries = 0; !(await shredded()); tries += 1) {
    assert.ok(tries < 150, "the keys are destroyed");
    await page.waitForTimeout(200);
  }
  await page.goto(`${server.app}/privacy/backups`);
  await page.getByRole("button", { name: "Replace now" }).click();
  await page.getByText("The epoch key is being replaced.").waitFor();
  await page.getByText("up to number 1").waitFor(PATIENT);

  await page.goto(`${server.app}/privacy/erasures`);
  const done = erasures.filter({ hasText: "by the visitor" });
  for (let tries = 0; (await done.getByText("gone everywhere").count()) === 0; tries += 1) {
    assert.ok(tries < 75, "it is gone everywhere");
    await page.waitForTimeout(2_000);
    await page.reload();
    await done.waitFor();
  }
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    done.getByRole("link", { name: /^Receipt: erasure/ }).click(),
  ]);
  const receipt = join(server.data, "receipt.json");
  await download.saveAs(receipt);
  const told = run(["receipt", "verify", receipt]);
  assert.match(told, /^valid: /m);
  for (const place of ["place_a", "place_b"]) assert.match(told, new RegExp(place), told);
  assert.match(told, /Kiel/);
  assert.match(told, /Bonn/);
  // One changed character, and it is not.
  writeFileSync(receipt, readFileSync(receipt, "utf8").replace('"messages": 1', '"messages": 2'));
  assert.throws(
    () => run(["receipt", "verify", receipt]),
    ({ stdout }) => /^not valid: /m.test(stdout),
  );
  assert.deepEqual(context.errors, []);

  // The machine burns. From one place alone another begins, with the backup from before.
  await server.stop();
  const second = await machine({ flags });
  const restored = second.restore(recovery, "--from", "place_b");
  assert.match(restored, /2 conversations went/, restored);
  second.facts = server.facts;
  await second.run();
  const desk = await signIn(await open(), second, "ben@example.de", password);
  await desk.getByRole("tab", { name: /^All/ }).click();
  await desk.locator(".list li a", { hasText: KEPT }).click();
  await desk.locator(".thread").getByText(KEPT).waitFor();
  const all = await desk.evaluate(async () => (await fetch("/api/conversations?list=all")).text());
  for (const text of HIDDEN) assert.ok(!all.includes(text), text);
  assert.equal(await desk.locator(".list li a").count(), 1);
  // Whoever comes back finds their conversation, too, and goes on.
  await desk.goto(`${second.app}/privacy/backups`);
  await desk
    .getByText(/read back at/)
    .first()
    .waitFor();
});
