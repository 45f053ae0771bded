import assert from "node:assert/strict";
import { launcher, openChat, said, visitShop, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

/** Everything that could remember a person in this profile. */
async function traces(context, page) {
  const state = await context.storageState({ indexedDB: true });
  const here = await page.evaluate(async () => ({
    session: Object.keys(sessionStorage),
    workers: (await navigator.serviceWorker?.getRegistrations?.())?.length ?? 0,
    caches: "caches" in self ? await caches.keys() : [],
  }));
  return { cookies: state.cookies, origins: state.origins, ...here };
}

const NOTHING = { cookies: [], origins: [], session: [], workers: 0, caches: [] };

test("before the click a page view is one script and the published configuration, and leaves no trace", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await context.newPage();
  const requests = [];
  const sockets = [];
  page.on("request", (request) => requests.push(request));
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.goto(`${server.shop}/en.html`);
  await launcher(page).waitFor();
  await page.waitForTimeout(1000);

  const ours = requests.filter((request) => !request.url().startsWith(server.shop));
  assert.deepEqual(ours.map((request) => request.url()).sort(), [
    `${server.widget}/config/${server.facts.widget}.json`,
    `${server.widget}/loader.js`,
  ]);
  for (const request of ours) {
    const headers = await request.allHeaders();
    assert.equal(headers.cookie, undefined);
  }
  const config = ours.find((request) => request.url().endsWith(".json"));
  assert.equal((await config.allHeaders()).referer, undefined, "the configuration is not told which page asks");
  assert.deepEqual(sockets, []);
  assert.deepEqual(await traces(context, page), NOTHING);

  // The same measurements do find something once the visitor opens the chat and writes.
  const chat = await openChat(page);
  await write(chat, "now I am here");
  await said(chat, "now I am here")
    .getByText(/· sent/)
    .waitFor();
  assert.equal(sockets.length, 1);
  const after = await traces(context, page);
  assert.notDeepEqual(after, NOTHING);
  assert.deepEqual(after.cookies, [], "there is never a cookie on the visitor's side");
});

test("opening the chat without writing stores nothing about the visitor on the server", async ({ start, open }) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await visitShop(context, server);
  const conversations = async () => {
    const headers = { authorization: `Bearer ${server.facts.api_token}` };
    const answer = await server.ask(`${server.app}/api/conversations?list=all&ended=true`, headers);
    assert.equal(answer.status, 200);
    return JSON.parse(answer.body).items.length;
  };
  const chat = await openChat(page);
  await page.waitForTimeout(500);
  assert.equal(await conversations(), 0);
  await write(chat, "hello");
  await said(chat, "hello")
    .getByText(/· sent/)
    .waitFor();
  assert.equal(await conversations(), 1, "the same question does find a conversation that is there");
});

test("a strict policy of the host page is kept, and no site but the widget's own may embed it", async ({
  start,
  open,
}) => {
  const server = await start({ setUp: {} });
  const context = await open();
  const page = await visitShop(context, server);
  await openChat(page);
  assert.deepEqual(context.errors, [], "no violation of the shop's policy, which allows nothing inline");

  // Only the widget's own sites, and the demonstration shop as long as there is one.
  for (const demo of [true, false]) {
    const other = await start({ setUp: {}, demo });
    const owner = ["--organisation", "Strict", "--owner-name", "A", "--owner-email", "a@example.de"];
    const strict = JSON.parse(other.command("setup", "--json", ...owner, "--site", "https://www.example.de"));
    const framed = await other.ask(`${other.widget}/messenger/${strict.widget}`);
    const allowed = demo ? `https://www.example.de ${other.shop}` : "https://www.example.de";
    assert.ok(framed.headers["content-security-policy"].includes(`; frame-ancestors ${allowed};`), `demo: ${demo}`);
  }
});
