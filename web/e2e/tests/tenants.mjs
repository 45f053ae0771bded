import assert from "node:assert/strict";
import { openChat, openConversation, reply, said, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

test("two organisations side by side see nothing of each other", async ({ start, open }) => {
  const server = await start({ setUp: { organisation: "Nordlicht", name: "Ben", email: "ben@example.de" } });
  const other = server.setUp({ organisation: "Südwind", name: "Mia", email: "mia@example.de" });
  const ben = await signIn(await open(), server, "ben@example.de", server.facts.owner_password);
  const mia = await signIn(await open(), server, "mia@example.de", other.owner_password);

  // The shop has the first one's widget; the other one's messenger is opened by itself.
  const alone = await (await open()).newPage();
  await alone.goto(`${server.widget}/messenger/${other.widget}#en`);
  const chats = [await openChat(await visitShop(await open(), server)), alone];
  await write(chats[0], "for Nordlicht only");
  await write(chats[1], "for Südwind only");
  await openConversation(ben, "for Nordlicht only");
  await openConversation(mia, "for Südwind only");
  await reply(ben, "answer of Ben");
  await reply(mia, "answer of Mia");
  await said(chats[0], "answer of Ben").waitFor();
  await said(chats[1], "answer of Mia").waitFor();

  for (const [page, foreign] of [
    [ben, /Südwind|Mia/],
    [mia, /Nordlicht|Ben/],
  ]) {
    await page.getByRole("tab", { name: /^All/ }).click();
    assert.equal(await page.getByText(foreign).count(), 0);
  }
  for (const [chat, foreign] of [
    [chats[0], /Südwind|Mia/],
    [chats[1], /Nordlicht|Ben/],
  ]) {
    assert.equal(await chat.getByText(foreign).count(), 0);
  }
});
