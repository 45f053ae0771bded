// What draws an operator's attention to a new message, and who counts as away.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { fillIn, openChat, openConversation, outOfComposer, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const NOBODY = /Nobody is here right now|Gerade ist niemand da/;

/** Stands in for what a browser shows outside of the page, and writes down what it was asked for. */
function recordAttention() {
  globalThis.asked = 0;
  globalThis.shown = [];
  globalThis.tones = 0;
  globalThis.Notification = class {
    static permission = "default";
    static async requestPermission() {
      globalThis.asked += 1;
      globalThis.Notification.permission = "granted";
      return "granted";
    }
    constructor(title, options) {
      globalThis.shown.push({ title, body: options.body ?? null, silent: options.silent });
    }
    close() {}
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) {
    globalThis.tones += 1;
    return start.apply(this, when);
  };
}

test("a new message is told by title, icon, notification and sound as its operator chose, and not while they are away", async (tools) => {
  const { start, open } = tools;
  const server = await start({ setUp: {} });
  const [team, shop] = [await open(), await open()];
  await team.addInitScript(recordAttention);
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const told = () =>
    desk.evaluate(() => ({ asked: globalThis.asked, shown: globalThis.shown, tones: globalThis.tones }));
  const icon = () => desk.locator('link[rel="icon"]').getAttribute("href");
  const plain = await icon();
  const chat = await openChat(await visitShop(shop, server));
  await write(chat, "first secret");
  await desk.waitForFunction(() => document.title.startsWith("(1)"));
  await desk.waitForFunction(
    (before) => document.querySelector('link[rel="icon"]').getAttribute("href") !== before,
    plain,
  );
  assert.deepEqual(await told(), { asked: 0, shown: [], tones: 0 }, "nothing is on until it is chosen");

  await desk.keyboard.press("Control+k");
  await desk.getByRole("dialog").getByRole("combobox").waitFor();
  await desk.keyboard.type("notifications");
  await desk.keyboard.press("Enter");
  await desk.getByRole("heading", { name: "Notifications" }).waitFor();
  await assertAccessible(desk, "notifications");
  await desk.getByLabel(/Show notifications/).focus();
  assert.equal((await told()).asked, 0);
  await desk.keyboard.press("Space");
  await desk.waitForFunction(() => globalThis.asked === 1);
  await desk.getByLabel(/Soft sound/).focus();
  await desk.keyboard.press("Space");
  await desk.waitForFunction(() => globalThis.tones === 2);

  await desk.waitForTimeout(2_100); // several at once sound once
  await write(chat, "second secret");
  await desk.waitForFunction(() => globalThis.shown.length === 1);
  assert.deepEqual((await told()).shown[0], { title: "New message in a conversation", body: null, silent: true });
  assert.equal((await told()).tones, 4);
  await desk.getByLabel(/With the beginning/).focus();
  await desk.keyboard.press("Space");
  await write(chat, "third secret");
  await desk.waitForFunction(() => globalThis.shown.length === 2);
  assert.equal((await told()).shown[1].body, "third secret");

  // What is on the screen needs no telling.
  await desk.getByRole("link", { name: /Messages/ }).focus();
  await desk.keyboard.press("Enter");
  await openConversation(desk, "third secret");
  await desk.waitForFunction(() => !document.title.startsWith("("));
  assert.equal(await icon(), plain);
  await write(chat, "fourth secret");
  await desk.locator("main").getByText("fourth secret").first().waitFor();
  await desk.waitForTimeout(300);
  assert.equal((await told()).shown.length, 2);

  // Away: nothing is told, and the visitor knows that nobody is there.
  await desk.keyboard.press("Escape");
  await desk.keyboard.press("Escape");
  await desk.keyboard.press("Control+k");
  await desk.getByRole("dialog").getByRole("combobox").waitFor();
  await desk.keyboard.type("away");
  await desk.getByRole("option", { name: "Be away" }).waitFor();
  await desk.keyboard.press("Enter");
  await chat.getByText(NOBODY).first().waitFor();
  await write(chat, "fifth secret");
  await desk.getByText("fifth secret").first().waitFor();
  await desk.waitForTimeout(300);
  assert.equal((await told()).shown.length, 2);
  assert.deepEqual([...team.errors, ...shop.errors], []);
});

test("whoever touches nothing for ten minutes is away, colleagues see it, and the first touch brings them back", async (tools) => {
  const { start, open } = tools;
  const server = await start({ setUp: {} });
  const [team, others, shop] = [await open(), await open(), await open()];
  const password = server.addOperator(server.facts.organisation, { name: "Lena Roth", email: "lena@example.de" });
  const desk = await team.newPage();
  await desk.clock.install();
  await desk.goto(server.app);
  await fillIn(desk, "en", "ben@example.de", server.facts.owner_password);
  await desk.getByRole("tab", { name: /Mine/ }).waitFor();
  const chat = await openChat(await visitShop(shop, server));
  await write(chat, "Anybody there?");
  await desk.getByText("Anybody there?").first().waitFor();
  assert.equal(await chat.getByText(NOBODY).count(), 0);

  await desk.clock.fastForward("09:00");
  await desk.waitForTimeout(500);
  assert.equal(await chat.getByText(NOBODY).count(), 0, "nine minutes are a thought");
  await desk.clock.fastForward("01:30");
  await chat.getByText(NOBODY).first().waitFor();
  await desk.getByRole("button", { name: "Ben Sommer, away, your menu" }).waitFor();

  const lena = await signIn(others, server, "lena@example.de", password);
  await chat.getByText(NOBODY).first().waitFor({ state: "detached" });
  await openConversation(lena, "Anybody there?");
  await outOfComposer(lena);
  await lena.keyboard.press("a");
  await lena.getByRole("menuitemradio", { name: /Ben Sommer.*Away/ }).waitFor();
  await lena.keyboard.press("Escape");

  await desk.mouse.move(200, 200);
  await desk.mouse.move(240, 240);
  await desk.getByRole("button", { name: "Ben Sommer, your menu" }).waitFor();
  await lena.keyboard.press("a");
  await lena.getByRole("menuitemradio", { name: /Ben Sommer.*online/ }).waitFor();
});
