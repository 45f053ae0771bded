// The screens of the team: desktop and phone, light and dark, German and English, and no finding of the accessibility checker.
import assert from "node:assert/strict";
import { assertAccessible } from "../lib/accessible.mjs";
import { DESKTOP, PHONE, picture } from "../lib/browser.mjs";
import { shows } from "../lib/looks.mjs";
import { fillIn, launcher, openChat, write } from "../lib/people.mjs";
import { test } from "../lib/test.mjs";

const WORDS = {
  en: {
    locale: "en-GB",
    shop: "/en.html",
    email: "E-mail",
    password: "Password",
    people: "People",
    invite: "Invite somebody",
    make: "Make invitation",
    name: "Name",
    officer: /^Data protection officer/,
    edit: "Change Lena Roth",
    editGroup: "Change group Returns",
    groups: ["Returns", "Delivery and shipping", "Complaints"],
    line: "Hello, my parcel never arrived.",
    hand: "Returns",
    replyTo: /^Reply to/,
  },
  de: {
    locale: "de-DE",
    shop: "/",
    email: "E-Mail",
    password: "Passwort",
    people: "Personen",
    invite: "Person einladen",
    make: "Einladung erstellen",
    name: "Name",
    officer: /^Datenschutzbeauftragte/,
    edit: "Lena Roth ändern",
    editGroup: "Gruppe Retouren ändern",
    groups: ["Retouren", "Lieferung und Versandverfolgung", "Beschwerdemanagement"],
    line: "Guten Tag, mein Paket ist nicht angekommen.",
    hand: "Retouren",
    replyTo: /^Antwort an/,
  },
};

const COLLEAGUES = [
  ["Lena Roth", "staff"],
  ["Omar Aziz", "agent"],
  ["Maximiliane von Hohenstein-Wittenberg", "manager"],
  ["Jana Wolff", "officer"],
  ["Mehmet Öztürk", "analyst"],
  ["Ida Berg", "admin"],
  ["Paul Krause", "agent"],
  ["Sofia Lange", "staff"],
];

/** Colleagues and groups, through the owner's own session. */
const fill = (page, colleagues, groups) =>
  page.evaluate(
    async ([colleagues, groups]) => {
      const ask = async (method, path, body) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
        return answer.json();
      };
      const ids = [];
      for (const name of groups) ids.push((await ask("POST", "/api/groups", { name })).id);
      for (const [at, [name, role]] of colleagues.entries()) {
        const email = `${at}@example.de`;
        const of = [ids[at % ids.length], ids[(at + 1) % ids.length]].slice(0, role === "staff" ? 2 : at % 2);
        await ask("POST", "/api/operators", { name, email, role, groups: of, language: "en" });
      }
    },
    [colleagues, groups],
  );

for (const language of ["en", "de"]) {
  for (const [device, size] of [
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ]) {
    for (const dark of [false, true]) {
      const words = WORDS[language];
      const name = `${language}-${device}-${dark ? "dark" : "light"}`;
      test(`screens of the team ${name}`, async ({ start, open }) => {
        const server = await start({ setUp: { language } });
        const options = { size, dark, language: words.locale, hasTouch: device === "phone" };
        const [context, shop] = [await open(options), await open(options)];
        const page = await context.newPage();
        const shown = shows(page, name);
        await page.goto(server.app);
        await fillIn(page, language, "ben@example.de", server.facts.owner_password);
        await page.getByRole("tab").first().waitFor();
        await fill(page, COLLEAGUES, words.groups);

        await page.goto(`${server.app}/settings/team`);
        await page.getByRole("list", { name: words.people }).getByText("Lena Roth").waitFor();
        await shown("team");
        await page.getByRole("button", { name: words.editGroup }).scrollIntoViewIfNeeded();
        await picture(page, `team-groups-${name}`);
        await page.getByRole("button", { name: words.editGroup }).click();
        await page.getByRole("dialog").waitFor();
        await shown("team-group");
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: words.edit }).click();
        await page.getByRole("radio", { name: words.officer }).check();
        await shown("team-person");
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: words.invite }).click();
        await page.getByLabel(words.name, { exact: true }).fill("Nora Falk");
        await page.getByRole("button", { name: words.make }).click();
        await shown("team-invite-error");
        await page.getByRole("dialog").getByLabel(words.email, { exact: true }).fill("nora@example.de");
        await page.getByRole("button", { name: words.make }).click();
        const link = await page.getByText(/\/link#secret=/).textContent();
        await shown("team-link");
        await page.goto(`${server.app}/settings/team/roles`);
        await page.getByRole("table").waitFor();
        await shown("roles");
        await page.goto(`${server.app}/settings/widget`);
        await page.getByText("data-widget=").first().waitFor();
        await shown("widget-group");

        const visitor = await shop.newPage();
        await visitor.goto(server.shop + words.shop);
        await launcher(visitor).waitFor();
        await write(await openChat(visitor), words.line);
        await page.goto(server.app);
        await page.getByRole("tab").nth(1).click();
        await page.getByText(words.line).first().click();
        await page.getByLabel(words.replyTo).waitFor();
        await page.locator("#conversation-title").click();
        await page.keyboard.press("a");
        await page.getByRole("menuitemradio", { name: words.hand }).waitFor();
        await shown("assign-menu");
        await page.getByRole("menuitemradio", { name: words.hand }).click();
        await page.locator("header").getByText(words.hand).first().waitFor();
        await shown("conversation-group");

        const guest = await (await open(options)).newPage();
        await guest.goto(link);
        await guest.getByLabel(words.password, { exact: true }).fill("four plain words");
        await assertAccessible(guest, "link");
        await picture(guest, `link-${name}`);
        assert.deepEqual(context.errors, []);
      });
    }
  }
}
