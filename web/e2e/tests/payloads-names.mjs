// Attacks by what people write into settings, searches and addresses (SI5, SI6, SI19): everything that has a name, wherever
// the name is shown.
import assert from "node:assert/strict";
import { begin, ROOMY } from "../lib/crowd.mjs";
import { active, attacked, naughty, settled, texts, watch } from "../lib/payloads.mjs";
import { test } from "../lib/test.mjs";

const PLAIN = "harmless";

test("payloads: names, groups and snippets stay text wherever they are shown", async ({ start, open }) => {
  const { server, payloads, seen, evil, desk } = await attacked({ start, open }, { flags: ROOMY });
  const all = [...payloads, ...naughty];
  const some = all.filter((_, number) => number % 3 === 0);
  await begin(server, 1, () => PLAIN);
  await add(desk, { name: PLAIN, number: 0 });
  const looks = { team: () => team(desk, server), snippets: () => snippets(desk, server), talk: () => talk(desk) };
  const quiet = {};
  for (const [where, go] of Object.entries(looks)) quiet[where] = await go();

  const [people, groups] = [[PLAIN], [PLAIN]];
  for (const [before, name] of all.filter((text) => [...text].length <= 80).entries()) {
    // There are 63 groups at most.
    const inTurn = before % 5 === 0;
    const { operator, group = operator } = await add(desk, { name, number: before + 1, inTurn });
    assert.deepEqual([operator, group], isName(name) ? [201, 201] : [422, 422], JSON.stringify(name));
    if (isName(name)) people.push(trimmed(name));
    if (isName(name) && inTurn) groups.push(trimmed(name));
  }
  assert.ok(people.length > 180 && groups.length > 40, `${people.length} people, ${groups.length} groups`);
  const said = [PLAIN];
  for (const [before, text] of all.entries()) {
    const title = [...text].length <= 80 && isName(text) ? text : "Title";
    const wording = { de: null, en: text };
    const snippet = { shared: before < 180, shortcut: `s${before + 1}`, title, wording };
    const status = await ask(desk, "POST", "/api/snippets", snippet);
    assert.equal(status, trimmed(text) ? 201 : 422, JSON.stringify(text));
    if (trimmed(text)) said.push(trimmed(text));
  }

  assert.deepEqual(await looks.team(), quiet.team);
  await settled(() => sorted(texts(desk, 'ul[aria-label="People"] .name')), ["Ben Sommer", ...people].sort());
  await settled(() => sorted(texts(desk, 'ul[aria-label="Groups"] .name')), [...groups].sort());
  await search(desk.getByRole("searchbox"), some);
  assert.deepEqual(await looks.snippets(), quiet.snippets);
  await settled(() => sorted(texts(desk, ".said")), [...said].sort());

  assert.deepEqual(await looks.talk(), quiet.talk);
  const id = new URL(desk.url()).pathname.split("/")[2];
  // Everybody in turn: each leaves a line in the conversation, and so does each group.
  const given = await desk.evaluate(async (conversation) => {
    const people = await (await fetch("/api/operators")).json();
    const groups = await (await fetch("/api/groups")).json();
    const lines = [];
    const put = (body) =>
      fetch(`/api/conversations/${conversation}/assignment`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    for (const { id: operator, name } of people.slice(0, 60)) {
      if ((await put({ operator })).ok) lines.push(`Assigned to ${name}`);
    }
    for (const { id: group, name } of groups.slice(0, 60)) {
      if ((await put({ group })).ok) lines.push(`Handed to ${name}`);
    }
    return lines;
  }, id);
  assert.ok(given.length > 100, `${given.length} lines`);
  const lines = async () =>
    (await texts(desk, '[role="log"] > p'))
      .map((line) => line.replace(/ · \d\d:\d\d$/, ""))
      .filter((line) => /^(Assigned|Handed) to (?!nobody$)/.test(line));
  await settled(lines, given);
  await desk.locator("#conversation-title").focus();
  await desk.keyboard.press("a");
  const menu = () => sorted(texts(desk, '[role="menuitemradio"] .name'));
  await settled(menu, [...people, ...groups].sort());
  await desk.keyboard.press("Escape");
  await desk.getByRole("button", { name: "Filter", exact: true }).click();
  await settled(() => sorted(texts(desk, "select[id$=-group] option")), ["Any", ...groups].sort());
  await desk.getByRole("button", { name: "Done" }).click();
  await desk.keyboard.press("Control+k");
  await search(desk.getByRole("dialog").getByRole("combobox"), [...some, "Ben"]);
  await desk.keyboard.press("Escape");
  await desk.getByLabel(/^Reply to/).focus();
  await desk.keyboard.press("/");
  const picker = desk.getByRole("combobox", { name: "Search snippets" });
  await search(picker, [...some, ""]);
  for (let number = 1; number <= all.length; number += 20) {
    await picker.fill(`s${number}`);
    const expected = trimmed(all[number - 1]).replace(/\{(visitor|operator|organisation)\}/g, "…");
    if (!expected.includes("…")) await settled(() => texts(desk, ".preview .text"), [expected]);
  }
  await desk.keyboard.press("Escape");
  assert.deepEqual(seen.noticed(), []);
  assert.equal(evil.connections, 0);
});

test("payloads: a widget's name, greeting, colour and sites stay what they are", async ({ start, open }) => {
  const { server, payloads, seen, evil, desk } = await attacked({ start, open });
  const all = [...payloads, ...naughty];
  await desk.goto(`${server.app}/settings/widget`);
  await desk.getByLabel("Greeting").waitFor();
  const quiet = await active(desk);
  const field = (name) => desk.locator(`input[name="${name}"]`);
  const wrong = await field("greeting").evaluate(typeAndRead, [all, ".talk p"]);
  assert.deepEqual(wrong, [], "the preview shows what was typed");
  await field("name").evaluate(typeAndRead, [all, ""]);
  await field("colour").evaluate(typeAndRead, [all, ""]);
  assert.equal(await desk.locator("figure .head").evaluate((head) => head.style.backgroundImage), "");
  await field("colour").fill("#0b6e5d");
  await desk.getByRole("button", { name: "Discard" }).click();
  for (const site of payloads.filter((text, number) => number % 12 === 0 && !text.includes(","))) {
    await desk.getByLabel("Sites").fill(site);
    await desk.getByRole("button", { name: /^Save \d/ }).click();
    await settled(() => texts(desk, ".hint.error"), [`“${site}” is not an address such as https://www.example.org.`]);
  }
  assert.deepEqual(await active(desk), quiet);

  const { widget } = server.facts;
  const guest = await open();
  const watched = await watch(guest, server);
  const page = await guest.newPage();
  await guest.route("**/config/*", (route) => route.continue());
  const greetings = payloads.filter((_, number) => number % 16 === 3).map((text) => trimmed(text));
  let before;
  for (const greeting of [PLAIN, ...greetings]) {
    assert.equal(await ask(desk, "PATCH", `/api/widgets/${widget}`, { greeting, name: greeting.slice(0, 80) }), 200);
    await page.goto("about:blank");
    await page.goto(`${server.widget}/messenger/${widget}#${encodeURIComponent(greeting)}`);
    await settled(() => texts(page, "li.message .bubble"), [greeting]);
    before ??= await active(page);
    assert.deepEqual(await active(page), before, greeting);
  }
  // Whatever a server published, the messenger makes nothing of it.
  await guest.route("**/config/*", (route) =>
    route.fulfill({
      headers: { "content-type": "application/json" },
      json: {
        id: widget,
        organisation: all.join("\n"),
        language: "en",
        greeting: all.join("\n"),
        colour: payloads.join(""),
        online: true,
      },
    }),
  );
  await page.goto("about:blank");
  await page.goto(`${server.widget}/messenger/${widget}`);
  await settled(() => texts(page, "li.message .bubble"), [all.join("\n")]);
  await settled(() => texts(page, "#organisation"), [all.join("\n")]);
  assert.deepEqual(await active(page), before);

  const refused = await desk.evaluate(
    async ([id, some]) => {
      const taken = [];
      for (const site of some) {
        const answer = await fetch(`/api/widgets/${id}`, {
          method: "PATCH",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ sites: [`https://a.example${site}`] }),
        });
        if (answer.status !== 422) taken.push(`${answer.status} ${site}`);
      }
      return taken;
    },
    [widget, all.filter((text) => !/^[a-z0-9-]+$/i.test(text) && trimmed(text))],
  );
  assert.deepEqual(refused, []);
  assert.deepEqual([...seen.noticed(), ...watched.noticed()], []);
  assert.equal(evil.connections, 0);
});

test("payloads: addresses lead nowhere else, and nothing of them is shown as more than text", async ({
  start,
  open,
}) => {
  const { server, payloads, seen, evil, desk, context } = await attacked({ start, open });
  const go = (addresses) =>
    desk.evaluate(async (paths) => {
      for (const path of paths) {
        history.pushState(null, "", path);
        dispatchEvent(new PopStateEvent("popstate"));
        await new Promise((done) => setTimeout(done));
      }
    }, addresses);
  const shapes = [
    (text) => `/conversations/${text}`,
    (text) => `/conversations?state=${text}&group=${text}&language=${text}&waiting=${text}#${text}`,
    (text) => `/settings/${text}`,
    (text) => `/${text}?${text}=${text}#${text}`,
  ];
  const inFours = payloads.map((_, at) => payloads.slice(at, at + 4).join(" ")).filter((_, at) => at % 4 === 0);
  for (const shape of shapes) {
    await go([shape(PLAIN)]);
    await desk.waitForTimeout(400);
    const quiet = await active(desk);
    await go(inFours.map((some) => shape(encodeURIComponent(some))));
    await desk.waitForTimeout(400);
    assert.deepEqual(await active(desk), quiet, shape(PLAIN));
  }
  for (const shape of [
    ...shapes,
    (text) => `/sign-in?to=/${text}`,
    (text) => `/link#secret=${text}`,
    (text) => `/setup#code=${text}`,
  ]) {
    await desk.goto(server.app + shape(encodeURIComponent(payloads.slice(0, 20).join(" "))));
  }

  // Where one is led after the sign-in stands in the address: to this app, or to its first page.
  for (const to of [
    ...[
      `//${evil.host}`,
      `/\\${evil.host}`,
      `\\\\${evil.host}`,
      `/\t/${evil.host}`,
      `/\n/${evil.host}`,
      `/.//${evil.host}`,
    ],
    ...[`/x/..//${evil.host}`, `http://${evil.host}/`, `http:${evil.host}`, `//x@${evil.host}`, `/%2f/${evil.host}`],
    ...[
      "javascript:__ran(1)",
      "\u0001javascript:__ran(2)",
      "data:text/html,x",
      "/sign-in?to=/sign-in",
      "/./sign-in",
      "//[",
      " //x",
    ],
  ]) {
    await desk.goto(`${server.app}/sign-in?to=${encodeURIComponent(to)}`);
    await desk.getByRole("link", { name: "Settings" }).waitFor();
    assert.equal(new URL(desk.url()).origin, server.app, to);
    assert.notEqual(new URL(desk.url()).pathname, "/sign-in", to);
  }
  await desk.goto(`${server.app}/sign-in?to=${encodeURIComponent("/settings/team?x=1")}`);
  await desk.getByRole("heading", { name: "People" }).waitFor();
  assert.deepEqual(seen.noticed(), []);
  assert.deepEqual([evil.connections, context.pages().length], [0, 1]);
});

const sorted = async (found) => (await found).sort();
const trimmed = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
/** One line, and nothing in it that turns what stands beside it around. */
const isName = (text) => trimmed(text) !== "" && !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(trimmed(text));

const ask = (page, method, path, body) =>
  page.evaluate(
    async ([by, to, what]) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(to, { method: by, headers, body: JSON.stringify(what) })).status;
    },
    [method, path, body],
  );

/** A colleague and a group of this name; the statuses of the answers. */
async function add(desk, { name, number, inTurn = true }) {
  const email = `p${number}@example.de`;
  const invitation = { name, email, role: "agent", language: "en", groups: [] };
  if (number === 0)
    await ask(desk, "POST", "/api/snippets", {
      shared: true,
      shortcut: "s0",
      title: name,
      wording: { de: null, en: name },
    });
  return {
    operator: await ask(desk, "POST", "/api/operators", invitation),
    group: inTurn ? await ask(desk, "POST", "/api/groups", { name }) : undefined,
  };
}

async function team(desk, server) {
  await desk.goto(`${server.app}/settings/team`);
  await desk.getByRole("list", { name: "Groups" }).getByText(PLAIN, { exact: true }).waitFor();
  return active(desk);
}

async function snippets(desk, server) {
  await desk.goto(`${server.app}/settings/snippets`);
  await desk.getByText("/s0", { exact: true }).waitFor();
  return active(desk);
}

async function talk(desk) {
  await desk.getByRole("link", { name: /Messages/ }).click();
  await desk.getByRole("tab", { name: /^All/ }).click();
  await desk.getByText(PLAIN).first().click();
  await desk.getByLabel(/^Reply to/).waitFor();
  return active(desk);
}

/** Types each of them into a search field. */
const search = (field, all) => field.evaluate(typeAndRead, [all, ""]);

/** In the page: types each text, lets the page draw, and lists those for which something else stands in that place. */
async function typeAndRead(field, [all, place]) {
  const wrong = [];
  for (const text of all) {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done));
    if (place && document.querySelector(place).textContent !== (field.value || "…")) wrong.push(text);
  }
  return wrong;
}
