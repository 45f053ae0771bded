import assert from "node:assert/strict";
import { launcher, openChat, openConversation, reply, said, signIn, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

test("two organisations side by side see nothing of each other", async ({ start, open }) => {
  const server = await start({ setUp: { organisation: "Nordlicht", name: "Ben", email: "ben@example.de" } });
  const other = server.setUp({ organisation: "Südwind", name: "Mia", email: "mia@example.de" });
  const ben = await signIn(await open(), server, "ben@example.de", server.facts.owner_password);
  const mia = await signIn(await open(), server, "mia@example.de", other.owner_password);

  // The messenger of each widget, opened by itself as the loader would.
  const chats = [];
  for (const widget of [server.facts.widget, other.widget]) {
    const page = await (await open()).newPage();
    await page.route(`${server.shop}/**`, (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><html lang="en"><title>shop</title><script src="${server.widget}/loader.js" data-widget="${widget}" async></script>`,
      }),
    );
    await page.goto(server.shop);
    await launcher(page).waitFor();
    chats.push(await openChat(page));
  }
  await write(chats[0], "for Nordlicht only");
  await write(chats[1], "for Südwind only");
  await openConversation(ben, "for Nordlicht only");
  await openConversation(mia, "for Südwind only");
  await reply(ben, "answer of Ben");
  await reply(mia, "answer of Mia");
  await said(chats[0], "answer of Ben").waitFor();
  await said(chats[1], "answer of Mia").waitFor();

  for (const [page, foreign] of [[ben, /Südwind|Mia/], [mia, /Nordlicht|Ben/]]) {
    await page.getByRole("tab", { name: /All 1/ }).click();
    assert.equal(await page.getByText(foreign).count(), 0);
  }
  for (const [chat, foreign] of [[chats[0], /Südwind|Mia/], [chats[1], /Nordlicht|Ben/]]) {
    assert.equal(await chat.getByText(foreign).count(), 0);
  }
});
