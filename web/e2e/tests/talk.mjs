import assert from "node:assert/strict";
import { PHONE, picture } from "../lib/browser.mjs";
import { openChat, openConversation, reply, said, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

test("a visitor and an operator talk, and both see what was sent, stored and seen", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const [team, shop] = [await open(), await open()];
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const page = await visitShop(shop, server);
  const chat = await openChat(page);

  await write(chat, "Hello, my parcel never arrived.");
  await chat.getByText(/· (sent|seen)$/).waitFor();
  await openConversation(desk, "my parcel never arrived");
  await chat.getByText(/· seen$/).waitFor();

  await reply(desk, "Let me look where it is.");
  await said(chat, "Let me look where it is.").waitFor();
  await chat
    .getByText(/Ben Sommer is here for you now/)
    .first()
    .waitFor();
  await desk.locator("main").getByText(/seen/).first().waitFor();
  await picture(desk, "talk-desk");
  await picture(page, "talk-shop");
  assert.deepEqual(team.errors, []);
  assert.deepEqual(shop.errors, []);
});

test("the server is restarted in mid-sentence and nothing is lost", async ({ start, open }) => {
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    const server = await start({ setUp: {} });
    const [team, shop] = [await open(), await open()];
    const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
    const chat = await openChat(await visitShop(shop, server));
    await write(chat, "first sentence");
    await openConversation(desk, "first sentence");
    await reply(desk, "answer before");
    await said(chat, "answer before").waitFor();

    await server.stop(signal);
    await chat
      .getByRole("status")
      .filter({ hasText: /connection|verb/i })
      .first()
      .waitFor();
    await write(chat, "written while the server was away");
    await reply(desk, "answered while it was away");
    await server.run();

    await desk.locator("main").getByText("written while the server was away").first().waitFor({ timeout: 20_000 });
    await said(chat, "answered while it was away").waitFor({ timeout: 20_000 });
    for (const text of ["first sentence", "written while the server was away"]) {
      assert.equal(await chat.locator("li").filter({ hasText: text }).count(), 1, `${signal}: ${text}`);
    }
    for (const text of ["answer before", "answered while it was away"]) {
      assert.equal(await chat.locator("li").filter({ hasText: text }).count(), 1, `${signal}: ${text}`);
    }
  }
});

test("a card number is masked before it leaves the browser", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const shop = await open({ size: PHONE });
  const page = await visitShop(shop, server);
  const sent = [];
  page.on("websocket", (socket) => socket.on("framesent", (frame) => sent.push(String(frame.payload))));
  const chat = await openChat(page);
  await write(chat, "my card is 4242 4242 4242 4242, thanks");
  await chat.getByText(/covered before sending/).waitFor();
  await said(chat, "•••• 4242")
    .getByText(/· sent/)
    .waitFor();
  const message = sent.find((frame) => frame.includes('"message"'));
  assert.ok(message.includes("•••• 4242") && !message.includes("4242 4242"), message);
});
