// Attacks by what people write (SI5, SI6): known families of script and markup, and texts that trip programs up, in
// everything that one writes and another reads. They must stay text.
import assert from "node:assert/strict";
import { begin, ROOMY } from "../lib/crowd.mjs";
import { active, attacked, naughty, settled, texts, watch } from "../lib/payloads.mjs";
import { launcher, openChat, openConversation, reply, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const QUICK = ["--visitor-rate", "10000", "--visitor-burst", "10000"];
const TALL = { width: 1440, height: 16_500 };

test("payloads: a page that takes text for markup is caught in each of these ways", async ({ start, open }) => {
  const { server, evil, seen, context, payloads } = await attacked({ start, open });
  const page = await context.newPage();
  const address = `${server.shop}/planted.html`;
  let policy = "default-src *";
  await page.route(address, (route) =>
    route.fulfill({
      contentType: "text/html",
      headers: { "content-security-policy": policy },
      body: "<!doctype html><html lang=en><title>Planted</title><body>",
    }),
  );
  await page.goto(address);
  const before = await active(page);
  assert.deepEqual(seen.noticed(), [], "nothing yet");
  assert.equal(evil.connections, 0);
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=__ran(1)>"));
  await page.waitForFunction(() => document.querySelector("img").complete);
  assert.ok(seen.violations.length > 0, "a violated policy");
  assert.notDeepEqual(await active(page), before, "an element that is new");

  policy = "";
  await page.goto(address);
  const caught = new Set();
  // One frame each, so that what one of them breaks or leads elsewhere is its own.
  await page.evaluate((some) => {
    for (const text of some) {
      const element = document.createElement("iframe");
      document.body.append(element);
      element.contentDocument.body.innerHTML = text;
    }
  }, payloads);
  const frames = page.mainFrame().childFrames();
  assert.equal(frames.length, payloads.length);
  for (const [number, frame] of frames.entries()) {
    const found = await active(frame).catch(() => ({ elsewhere: 1 }));
    if (Object.keys(found).length > 0) caught.add(number);
  }
  await page.evaluate(() => globalThis.alert("planted"));
  await page.waitForTimeout(300);
  assert.ok(caught.size > 130, `${caught.size} of ${payloads.length} do something`);
  assert.ok(seen.ran.size > 30, `${seen.ran.size} ran`);
  assert.deepEqual(seen.dialogs, ["planted"]);
  assert.ok(seen.foreign.length > 15, `${seen.foreign.length} requests`);
  assert.ok(evil.connections > 10, `${evil.connections} connections`);
});

test("payloads: what visitors and operators say is shown as they typed it", async ({ start, open }) => {
  const name = "$& {organisation} <svg onload=__ran(901)>";
  const setUp = { name, organisation: "<img src=x onerror=__ran(900)>{{7*7}}" };
  const { server, payloads, context, seen, evil, desk } = await attacked(
    { start, open },
    { setUp, flags: [...ROOMY, ...QUICK] },
  );
  const said = [...payloads, ...naughty, `${"x".repeat(9_000)}\u202e`];
  const shop = await open();
  await shop.route("**/config/*", (route) => route.continue());
  const shopSeen = await watch(shop, server);
  const page = await visitShop(shop, server);
  const chat = await openChat(page);
  const frame = page.frame({ url: /\/messenger\// });
  await write(chat, "harmless");
  await chat.getByText(/· (sent|seen)$/).waitFor();
  await openConversation(desk, "harmless");
  await reply(desk, "harmless too");
  await desk.getByText("harmless too").first().waitFor();
  await chat.getByText("harmless too").first().waitFor();
  await note(desk, "harmless as well");
  const quiet = [await active(desk), await active(frame), await active(page)];
  assert.equal(await frame.evaluate(() => document.title), setUp.organisation);

  // A visitor types them all; what stands between white space, and a line's end, is kept as the browser's field keeps it.
  const typed = said.map(asTyped).filter(Boolean);
  await type(frame.locator("#text"), [...said, HALF_FIRST]);
  typed.push("a\ufffdb");
  const bubbles = (from) => texts(desk, `.message:not(.us):not(.note) .line > p`, from);
  await settled(() => bubbles(1), typed);
  await settled(() => texts(frame, "li.mine .bubble", 1), typed);

  // Operators answer and note, some by their own hand, the others as another window of theirs would send them.
  const byHand = said.filter((_, number) => number % 23 === 0);
  for (const text of byHand) await reply(desk, text);
  await type(desk.getByLabel(/^Reply to/), [HALF_SECOND]);
  const replies = [...byHand.map(asTyped).filter(Boolean), "c\ufffdd"];
  await settled(() => texts(desk, ".message.us:not(.note) .line > p", 1), replies);
  const conversation = new URL(desk.url()).pathname.split("/")[2];
  await say(desk, conversation, said, false);
  await say(desk, conversation, said, true);
  const sent = said.filter((text) => text.replace(/\p{White_Space}/gu, "") !== "");
  await settled(() => texts(desk, ".message.us:not(.note) .line > p", 1), [...replies, ...sent]);
  await settled(() => texts(desk, ".message.note .line > p", 1), sent);
  await settled(() => texts(frame, "li.message:not(.mine) .bubble", 2), [...replies, ...sent]);
  await chat.getByText(`${name} is here for you now`).waitFor();
  for (const all of [frame.locator("#rows a"), desk.locator(".thread .message a")]) {
    const links = await all.all();
    assert.ok(links.length > 0, "addresses that one can follow");
    for (const link of links) {
      assert.match(await link.getAttribute("href"), /^https?:\/\//);
      assert.equal(await link.getAttribute("rel"), "noopener noreferrer nofollow");
      assert.equal(await link.getAttribute("target"), "_blank");
    }
  }
  assert.deepEqual([await active(desk), await active(frame), await active(page)], quiet);

  // What is not sent yet, and is left and come back to.
  const [first, last] = [said[100], said.at(-2)];
  await desk.getByLabel(/^Reply to/).fill(first);
  await desk.getByRole("link", { name: "Settings" }).click();
  await desk.goBack();
  assert.equal(await desk.getByLabel(/^Reply to/).inputValue(), first);
  await write(chat, last);
  await launcher(page).waitFor();
  assert.deepEqual([...seen.noticed(), ...shopSeen.noticed()], []);
  assert.deepEqual([evil.connections, context.pages().length, shop.pages().length], [0, 1, 1]);
});

test("payloads: rows of the list and notifications say the beginning of what was said", async ({ start, open }) => {
  const { server, payloads, seen, evil, desk } = await attacked(
    { start, open },
    { flags: [...ROOMY, ...QUICK], before: (context) => context.addInitScript(recordNotifications) },
  );
  await desk.goto(`${server.app}/settings/notifications`);
  await desk.getByLabel(/Show notifications/).check();
  await desk.getByLabel(/With the beginning/).check();
  await desk.getByRole("link", { name: /Messages/ }).click();
  await begin(server, 1, () => "harmless");
  await desk.getByRole("tab", { name: /Unassigned/ }).click();
  await desk.getByText("harmless").waitFor();
  const quiet = await active(desk);
  await desk.setViewportSize(TALL);
  const said = [...payloads, ...naughty].filter((text) => text.replace(/\p{White_Space}/gu, "") !== "");
  const expected = ["harmless", ...said.map(beginning)].sort();
  await begin(server, said.length, (number) => said[number]);
  await settled(async () => (await texts(desk, "a[id^=row-] .last")).sort(), expected);
  await settled(() => desk.evaluate(() => [...globalThis.shown].sort()), expected);
  assert.deepEqual(await active(desk), quiet);
  assert.deepEqual(seen.noticed(), []);
  assert.equal(evil.connections, 0);
});

/** As a browser's field and the composer's trimming leave it. */
const asTyped = (text) => text.replace(/\r\n?/g, "\n").trim();

/** White space is one space, and 140 characters are enough. */
function beginning(text) {
  const words = [
    ...text
      .split(/\p{White_Space}+/u)
      .filter(Boolean)
      .join(" "),
  ];
  return words.length > 140 ? `${words.slice(0, 139).join("")}…` : words.join("");
}

/**
 * Puts texts into a field and sends each, faster than a driver types. Half a character (as numbers, because nothing on the
 * way here takes it) cannot be typed, but be left behind by a faulty keyboard or clipboard.
 */
const type = (field, all) =>
  field.evaluate((element, some) => {
    for (const text of some) {
      element.value = typeof text === "string" ? text : String.fromCharCode(...text);
      element.dispatchEvent(new Event("input", { bubbles: true }));
      const enter = { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
      element.dispatchEvent(new KeyboardEvent("keydown", enter));
    }
  }, all);
const HALF_FIRST = [0x61, 0xd83d, 0x62];
const HALF_SECOND = [0x63, 0xdc00, 0x64];

async function note(desk, text) {
  await desk.getByRole("radio", { name: /note/i }).check({ force: true });
  await desk.getByRole("textbox").last().fill(text);
  await desk.getByRole("textbox").last().press("Control+Enter");
  await desk.locator(".message.note").getByText(text).waitFor();
  await desk.getByRole("radio", { name: /reply/i }).check({ force: true });
}

/** From within the page, as another window of the same operator. */
async function say(desk, conversation, all, isNote) {
  for (let from = 0; from < all.length; from += 60) {
    const status = await desk.evaluate(
      async ([id, some, note]) => {
        const sender = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0"));
        const frames = [
          { type: "hello", protocol: 1, sender: sender.join("") },
          ...some.map((text, before) => ({ type: "message", conversation: id, counter: before + 1, text, note })),
        ];
        const body = frames.map((each) => `${JSON.stringify(each)}\n`).join("");
        const headers = { "content-type": "application/x-ndjson" };
        const answer = await fetch("/frames?mode=send", { method: "POST", headers, body });
        const accepted = (await answer.text()).split('"accepted"').length - 1;
        return { status: answer.status, accepted };
      },
      [conversation, all.slice(from, from + 60).filter((text) => text.replace(/\p{White_Space}/gu, "") !== ""), isNote],
    );
    assert.equal(status.status, 200);
    assert.ok(status.accepted > 0, `${from}: ${status.accepted}`);
  }
}

function recordNotifications() {
  globalThis.shown = [];
  globalThis.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(_, options) {
      globalThis.shown.push(options.body);
    }
    close() {}
  };
}
