// What is meant for the team reaches no visitor, however its author came to write it.
import assert from "node:assert/strict";
import { enter, openChat, said, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

test("a note begun while a message was being changed takes its place nowhere", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const shop = await open();
  const page = await visitShop(shop, server);
  const chat = await openChat(page);
  await write(chat, "4711");
  const desk = await open();
  const ben = await enter(desk, server, "ben@example.de", server.facts.owner_password);
  await ben.getByRole("tab").nth(1).click();
  await ben.getByText("4711").first().click();
  // Closed: the answer is not seen, and may be changed.
  await page.keyboard.press("Escape");
  await ben.locator("textarea").fill("We look into it");
  await ben.keyboard.press("Control+Enter");
  await ben.locator(".thread .us").getByText("We look into it").waitFor();
  await ben.locator("textarea").press("ArrowUp");
  await ben.getByText(/You are changing your message/).waitFor();
  await ben.evaluate(() => document.getElementById("conversation-title").focus());
  await ben.keyboard.press("n");
  const note = ben.getByLabel("Note for your team");
  await note.waitFor();
  assert.equal(await ben.getByText(/You are changing your message/).count(), 0);
  await note.fill("She wrote three times already");
  await note.press("Enter");
  await ben.locator(".thread .note").getByText("She wrote three times already").waitFor();
  await ben.locator(".thread .us:not(.note)").getByText("We look into it").waitFor();
  await openChat(page);
  await said(chat, "We look into it").waitFor();
  assert.equal(await chat.getByText("three times").count(), 0);
  assert.deepEqual([...shop.errors, ...desk.errors], []);
});
