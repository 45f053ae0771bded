// Networks that let no WebSocket live (A12): the chat goes on over plain requests, or pings faster, and nobody notices.
import assert from "node:assert/strict";
import { openChat, openConversation, reply, said, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const SOON = { timeout: 20_000 }; // until a way through is found
const stored = (chat, text) => said(chat, text).getByText(/· (sent|seen)$/);

/** Which ways a page's frames take: modes of requests that were answered, sockets that opened. */
function ways(page) {
  const taken = { modes: new Set(), sockets: 0, closed: 0 };
  page.on("response", (response) => {
    const { pathname, searchParams } = new URL(response.url());
    if (pathname === "/frames" && response.ok()) taken.modes.add(searchParams.get("mode"));
  });
  page.on("websocket", (socket) => {
    let opened = false;
    socket.on("framereceived", () => {
      if (!opened) taken.sockets += 1;
      opened = true;
    });
    socket.on("close", () => {
      if (opened) taken.closed += 1;
    });
  });
  return taken;
}

async function exactlyOnce(where, texts) {
  for (const text of texts) assert.equal(await where.getByText(text, { exact: true }).count(), 1, text);
}

/** Both write while the visitor's network is gone, and go on when it is back. */
async function through({ proxy, chat, desk, hindered }) {
  await proxy.stop();
  await chat
    .getByRole("status")
    .filter({ hasText: /No connection/ })
    .waitFor(SOON);
  await write(chat, "written without a network");
  const waiting = said(chat, "written without a network");
  await waiting.getByText("waiting for network").waitFor();
  assert.equal(await waiting.evaluate((line) => line.classList.contains("sent")), false, "it looks unsent");
  await write(chat, "and one more");
  if (hindered) await desk.getByText(/Reconnecting/).waitFor(SOON);
  await reply(desk, "answered meanwhile");
  await proxy.run();

  await stored(chat, "and one more").waitFor({ timeout: 45_000 });
  await said(chat, "answered meanwhile").waitFor({ timeout: 45_000 });
  const main = desk.locator("main");
  await main.getByText("and one more", { exact: true }).first().waitFor({ timeout: 45_000 });
  await write(chat, "the last word");
  await stored(chat, "the last word").waitFor(SOON);
  await main.getByText("the last word", { exact: true }).first().waitFor(SOON);
  const theirs = ["first words", "written without a network", "and one more", "the last word"];
  await exactlyOnce(chat.locator("#rows"), [...theirs, "an answer", "answered meanwhile"]);
  await exactlyOnce(main.locator(".message"), [...theirs, "an answer", "answered meanwhile"]);
}

test("behind a proxy that holds answers back a visitor and an operator talk, and nothing is lost when it fails", async ({
  start,
  open,
  hinder,
}) => {
  const server = await start({ setUp: {} });
  const proxy = await hinder("buffering", server);
  const [team, shop] = [await open({ behind: proxy }), await open({ behind: proxy })];
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const page = await visitShop(shop, server);
  const [visitors, operators] = [ways(page), ways(desk)];
  const chat = await openChat(page);
  await write(chat, "first words");
  await stored(chat, "first words").waitFor(SOON);
  await openConversation(desk, "first words");
  await desk.locator(".online").waitFor(SOON);
  await desk.getByTitle(/This network blocks the fast way/).waitFor();
  await reply(desk, "an answer");
  await said(chat, "an answer").waitFor();
  await chat.getByText(/· seen$/).waitFor();
  await desk.locator("main .message").getByText(/seen/).first().waitFor();
  await through({ proxy, chat, desk, hindered: true });
  for (const { modes, sockets } of [visitors, operators]) {
    assert.deepEqual([...modes].sort(), ["poll", "send"]);
    assert.equal(sockets, 0);
  }
});

test("behind a proxy that strips the upgrade a visitor talks over streams, and nothing is lost when it fails", async ({
  start,
  open,
  hinder,
}) => {
  const server = await start({ setUp: {} });
  const proxy = await hinder("upgrade-stripping", server);
  const [team, shop] = [await open(), await open({ behind: proxy })];
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const page = await visitShop(shop, server);
  const visitors = ways(page);
  const chat = await openChat(page);
  await write(chat, "first words");
  await stored(chat, "first words").waitFor(SOON);
  await openConversation(desk, "first words");
  await desk.getByLabel(/^Reply to/).pressSequentially("an ", { delay: 20 });
  await chat.getByText(/Ben Sommer is typing/).waitFor();
  await reply(desk, "an answer");
  await said(chat, "an answer").waitFor();
  await chat.getByText(/· seen$/).waitFor();
  await through({ proxy, chat, desk });
  assert.deepEqual([...visitors.modes].sort(), ["send", "stream"]);
  assert.equal(visitors.sockets, 0);
});

test("behind a proxy that cuts what is silent a visitor's socket learns to live, and nothing is lost when it fails", async ({
  start,
  open,
  hinder,
}) => {
  const server = await start({ setUp: {} });
  const proxy = await hinder("idle-cutting", server);
  const [team, shop] = [await open(), await open({ behind: proxy })];
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const page = await visitShop(shop, server);
  const visitors = ways(page);
  const chat = await openChat(page);
  await write(chat, "first words");
  await stored(chat, "first words").waitFor(SOON);
  // Cut after 3 s of silence, three times; the fourth socket outlives it.
  for (let tries = 0; tries < 40 && visitors.closed < 3; tries += 1) await page.waitForTimeout(500);
  assert.equal(visitors.closed, 3, "the proxy does cut");
  await page.waitForTimeout(8_000);
  assert.deepEqual([visitors.sockets, visitors.closed, visitors.modes.size], [4, 3, 0]);
  await openConversation(desk, "first words");
  await reply(desk, "an answer");
  await said(chat, "an answer").waitFor();
  await through({ proxy, chat, desk });
});

test("a window without storage says that the chat ends with the page, from the first message on", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const english = "This browser keeps nothing: the chat ends when you leave this page.";
  const german = "Dieser Browser behält nichts: Der Chat endet, wenn Sie diese Seite verlassen.";
  for (const [language, path, line] of [
    ["en-GB", "/en.html", english],
    ["de-DE", "/", german],
  ]) {
    const shop = await open({ language });
    const chat = await openChat(await visitShop(shop, server, path));
    assert.equal(await chat.getByText(line).count(), 0);
    await write(chat, "is this kept?");
    await said(chat, "is this kept?").waitFor();
    await chat.getByText(line).waitFor();
    assert.deepEqual(shop.errors, []);
  }
  const ordinary = await open({ lasting: true });
  const chat = await openChat(await visitShop(ordinary, server));
  await write(chat, "is this kept?");
  await stored(chat, "is this kept?").waitFor();
  assert.equal(await chat.getByText(english).count(), 0);
});
