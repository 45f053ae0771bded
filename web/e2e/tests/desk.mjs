import assert from "node:assert/strict";
import { openChat, openConversation, reply, said, signIn, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

async function talking({ start, open }, { lasting } = {}) {
  const server = await start({ setUp: {} });
  const [team, shop] = [await open(), await open({ lasting })];
  const desk = await signIn(team, server, "ben@example.de", server.facts.owner_password);
  const page = await visitShop(shop, server);
  const chat = await openChat(page);
  await write(chat, "Do you ship to Austria?");
  await openConversation(desk, "Do you ship to Austria?");
  return { server, team, shop, desk, page, chat };
}

test("a note stays with the team, and the visitor cannot even tell that there is one", async (tools) => {
  const { desk, chat } = await talking(tools);
  await desk.locator("label", { hasText: "Note" }).click();
  await desk.getByLabel("Note for your team").fill("ask the warehouse first");
  await desk.getByLabel("Note for your team").press("Enter");
  await desk.getByText("ask the warehouse first").first().waitFor();
  await desk.locator("label", { hasText: "Reply" }).click();
  await reply(desk, "Yes, in two days.");
  await said(chat, "Yes, in two days.").waitFor();
  assert.equal(await chat.getByText("warehouse").count(), 0);
});

test("a conversation is given to a colleague, ended by key, undone, and taken up again by the visitor", async (tools) => {
  const { server, desk, chat } = await talking(tools);
  const password = server.addOperator(server.facts.organisation, { name: "Lena Roth", email: "lena@example.de" });
  const lena = await signIn(await tools.open(), server, "lena@example.de", password);
  await desk.reload();
  await openConversation(desk, "Do you ship to Austria?");
  await desk
    .getByRole("heading", { name: /Visitor/ })
    .first()
    .click();
  await desk.keyboard.press("a");
  await desk
    .getByRole("menuitem", { name: /Lena Roth/ })
    .or(desk.getByRole("menuitemradio", { name: /Lena Roth/ }))
    .click();
  await chat
    .getByText(/Lena Roth is here for you now/)
    .first()
    .waitFor();
  await lena.getByRole("tab", { name: /Mine/ }).click();
  await lena.getByText("Do you ship to Austria?").first().click();
  await lena.getByLabel(/^Reply to/).waitFor();
  await lena
    .getByRole("heading", { name: /Visitor/ })
    .first()
    .click();
  await lena.keyboard.press("e");
  await chat
    .getByText(/Conversation ended/)
    .first()
    .waitFor();
  await lena.getByRole("button", { name: "Undo" }).click();
  await lena.keyboard.press("e");
  await lena.getByText("ended", { exact: true }).first().waitFor();
  await write(chat, "one more thing");
  await said(chat, "one more thing")
    .getByText(/· (sent|seen)/)
    .waitFor();
  await lena.locator("main").getByText("one more thing").first().waitFor();
});

test("typing is seen on both sides and what is typed is not", async (tools) => {
  const { desk, chat } = await talking(tools);
  // For longer than 3 s: what passes before the desk listens is told again.
  await chat.locator("#text").pressSequentially("unsent thought", { delay: 300 });
  await desk
    .getByText(/is typing/)
    .first()
    .waitFor();
  assert.equal(await desk.getByText("unsent thought").count(), 0);
  await desk.getByLabel(/^Reply to/).pressSequentially("hm", { delay: 20 });
  await chat.getByText(/Ben Sommer is typing/).waitFor();
});

test("an answer that comes while the chat is closed shows as a number on the button", async (tools) => {
  const { desk, chat, page } = await talking(tools);
  await chat.locator("#close").click();
  await reply(desk, "Yes, we do.");
  await page.getByRole("button", { name: /1 new/ }).waitFor();
  await page.getByRole("button", { name: /1 new/ }).click();
  await said(chat, "Yes, we do.").waitFor();
  await page.getByRole("button", { name: /1 new/ }).waitFor({ state: "detached" });
});

test("the chat goes on across pages, and without any storage on one page", async (tools) => {
  const { server, desk, chat: first, page } = await talking(tools, { lasting: true });
  await said(first, "Do you ship to Austria?")
    .getByText(/· (sent|seen)/)
    .waitFor();
  await page.goto(`${server.shop}/returns.html`);
  const again = page.frameLocator("iframe");
  await said(again, "Do you ship to Austria?").waitFor();
  await reply(desk, "Yes, to Austria too.");
  await said(again, "Yes, to Austria too.").waitFor();

  const context = await tools.open();
  await context.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException("storage is not allowed here", "SecurityError");
        },
      });
    }
  });
  const chat = await openChat(await visitShop(context, server));
  await write(chat, "no storage here");
  await said(chat, "no storage here")
    .getByText(/· (sent|seen)/)
    .waitFor();
  await openConversation(desk, "no storage here");
  await reply(desk, "and yet we talk");
  await said(chat, "and yet we talk").waitFor();
});

test("hostile text of a visitor and an operator runs nothing and loads nothing", async (tools) => {
  const { desk, chat, page, team, shop } = await talking(tools);
  const hostile = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "<svg/onload=alert(1)><a href='https://evil.example/x'>x</a>",
  ];
  const requests = [];
  for (const side of [page, desk]) {
    side.on("dialog", () => requests.push("a dialog opened"));
    side.on("request", (request) => {
      if (!/localhost/.test(new URL(request.url()).hostname)) requests.push(request.url());
    });
  }
  for (const text of hostile) {
    await write(chat, text);
    await desk.locator("main").getByText(text, { exact: true }).first().waitFor();
    await reply(desk, text);
    await said(chat, text).last().waitFor();
  }
  await page.waitForTimeout(300);
  assert.deepEqual(requests, []);
  assert.deepEqual([...team.errors, ...shop.errors], []);
});
