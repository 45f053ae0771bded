// Ten things that whoever answers does every day: each by keyboard alone and by touch alone, in both languages. What counts is
// what the visitor reads or the server holds, not what the desk shows.
import assert from "node:assert/strict";
import { DESKTOP, PHONE } from "../lib/browser.mjs";
import { begin } from "../lib/crowd.mjs";
import { Fingers, Keys, watch } from "../lib/hands.mjs";
import { enter, launcher, openChat, visitShop, write } from "../lib/people.mjs";
import { TASKS } from "../lib/tasks.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    all: /^All/,
    filter: "Filter",
    search: "Search",
    longest: "Who waits longest",
    returns: "Returns",
    actions: "Actions",
    give: "Assign or hand over",
    end: "End conversation",
    away: "Away",
    beAway: "Be away",
    note: "Note with it",
    noteMode: "Note",
    change: "Change this message",
    edit: "Edit",
    now: "Send now",
    lost: /No connection/,
    yesterday: /^Yesterday/,
    asked: /^Ben Sommer asks you about the conversation with Visitor/,
    handed: /^Ben Sommer gave you the conversation with Visitor/,
    settings: "Settings",
    log: "Audit log",
    changed: "Lena Roth changed settings of a widget: Greeting",
  },
  de: {
    all: /^Alle/,
    filter: "Filter",
    search: "Suchen",
    longest: "Wer am längsten wartet",
    returns: "Retouren",
    actions: "Aktionen",
    give: "Zuweisen oder übergeben",
    end: "Gespräch beenden",
    away: "Abwesend",
    beAway: "Abwesend sein",
    note: "Notiz dazu",
    noteMode: "Notiz",
    change: "Diese Nachricht ändern",
    edit: "Bearbeiten",
    now: "Jetzt senden",
    lost: /Keine Verbindung/,
    yesterday: /^Gestern/,
    asked: /^Ben Sommer fragt Sie zum Gespräch mit Besucher/,
    handed: /^Ben Sommer hat Ihnen das Gespräch mit Besucher/,
    settings: "Einstellungen",
    log: "Protokoll",
    changed: "Lena Roth hat Einstellungen eines Widgets geändert: Begrüßung",
  },
};

/** What the server answers to somebody who is signed in at this page. */
const ask = (page, path, method = "GET", body = undefined) =>
  page.evaluate(
    async ([to, how, what]) => {
      const headers = what ? { "content-type": "application/json" } : {};
      const answer = await fetch(to, { method: how, headers, body: what && JSON.stringify(what) });
      if (!answer.ok) throw new Error(`${how} ${to}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    [path, method, body],
  );

/** A house with a colleague who sees everything, a visitor who is there, and others who wrote. */
async function house({ start, open }, language, touch) {
  const server = await start({ setUp: { language } });
  const lenas = { name: "Lena Roth", email: "lena@example.de", role: "manager", language };
  const password = server.addOperator(server.facts.organisation, lenas);
  const locale = language === "de" ? "de-DE" : "en-GB";
  const team = await open({ size: touch ? PHONE : DESKTOP, language: locale, hasTouch: touch });
  const [others, shop] = [await open({ language: locale }), await open()];
  for (const context of [team, others, shop]) context.setDefaultTimeout(20_000);
  await watch(team);
  const lena = await enter(others, server, lenas.email, password);
  const words = WORDS[language];
  await lena.getByRole("tab", { name: words.all }).click();
  await ask(lena, "/api/topics", "POST", { name: words.returns, colour: 1 });
  const wording = { de: "Das Paket ist unterwegs.", en: "The parcel is on its way." };
  await ask(lena, "/api/snippets", "POST", { shared: true, shortcut: "parcel", title: "4719", wording });

  // 4711 was first and writes once more: on top of the list, and yet waiting longest.
  const page = await visitShop(shop, server, language === "de" ? "/" : "/en.html");
  const chat = await openChat(page);
  await write(chat, "4711");
  const came = (text) => lena.locator(".list").getByText(text, { exact: true }).waitFor();
  await came("4711").catch(async (error) => {
    throw new Error(`the visitor's page says: ${await chat.locator("body").innerText()}`, { cause: error });
  });
  for (const text of ["4712", "4713", "4714"])
    await begin(
      server,
      1,
      () => text,
      () => language,
    );
  await begin(
    server,
    1,
    () => "4715",
    () => (language === "de" ? "en" : "de"),
  );
  await write(chat, "4711 once more");
  await came("4711 once more");

  const { items } = await ask(lena, "/api/conversations?list=all&ended=false");
  const rows = Object.fromEntries(items.map((row) => [row.preview.slice(0, 4), row]));
  const one = (text) => ask(lena, `/api/conversations/${rows[text].id}`);
  const entries = async (text) => {
    const page = await ask(lena, `/api/conversations/${rows[text].id}/entries`);
    return page.items.filter((entry) => entry.type === "message");
  };
  await ask(lena, `/api/conversations/${rows["4714"].id}/state`, "PUT", { state: "ended" });
  const desk = await enter(team, server, "ben@example.de", server.facts.owner_password);
  await desk.evaluate(() => Object.assign(globalThis.hands, { keys: 0, mouse: 0, touches: 0 }));
  const visitor = { chat, close: () => chat.locator("#close").click(), open: () => launcher(page).click() };
  const errors = () =>
    [...team.errors, ...others.errors, ...shop.errors].filter((error) => !/ERR_|WebSocket/.test(error));
  const hands = touch ? new Fingers(desk, words) : new Keys(desk, words);
  return { server, team, lena, desk, hands, words, rows, visitor, errors, language, one, entries, ask };
}

for (const [name, language, touch] of [
  ["by keyboard alone, in English", "en", false],
  ["by touch alone, in German", "de", true],
  ["by keyboard alone, in German", "de", false],
  ["by touch alone, in English", "en", true],
]) {
  test(`ten tasks ${name}`, async (tools) => {
    const world = await house(tools, language, touch);
    const took = [];
    for (const [task, does] of Object.entries(TASKS)) {
      const before = world.hands.presses;
      try {
        await does(world, world.hands);
      } catch (error) {
        error.stack = `${task}: ${error.stack}`;
        throw error;
      }
      took.push(`${task} ${world.hands.presses - before}`);
    }
    await world.hands.done();
    console.log(`      presses: ${took.join(", ")}`);
    assert.deepEqual(world.errors(), []);
  });
}
