// Where data lie and what destroys old keys, in a real browser with two real places; and what must be kept, by its number.
import assert from "node:assert/strict";
import { testAtTheDesk } from "../lib/looks.mjs";
import { fillIn } from "../lib/people.mjs";

const WORDS = {
  en: {
    asks: "Where is my parcel?",
    change: "Change countries",
    here: "place_a, Kiel lies there",
    germany: "Remove Germany",
    austria: "Remove Austria",
    add: "Add a country",
    allow: "Allow 2 countries",
    allowed: "Austria, Germany",
    freeze: "Put off destroying …",
    days: "For how many days",
    wrongDays: "A whole number from 1 to 7.",
    reason: "Why",
    noReason: /^Say why/,
    because: "A break-in at the weekend",
    freezeDo: "Put off for 2 days",
    frozen: /^Put off on .* by Ben Sommer: A break-in at the weekend$/,
    alarm: /^Destroying old keys is put off until/,
    thaw: "Destroy again …",
    thawDo: "Destroy old keys again",
    backUp: "Back up now",
    backingUp: "A backup is being made.",
    there: /read back at place_a, place_b|read back at place_b, place_a/,
    turn: "Replace now",
    settled: "up to number 1",
    add_hold: "Keep a conversation …",
    number: "Number or address of the conversation",
    noNumber: /^This is no number/,
    noOne: /^There is no conversation with this number/,
    keep: "Keep until then",
    held: /^Conversation [A-Z2-7]{4}/,
  },
  de: {
    asks: "Wo ist mein Paket?",
    change: "Länder ändern",
    here: "place_a, Kiel liegt dort",
    germany: "Deutschland entfernen",
    austria: "Österreich entfernen",
    add: "Land hinzufügen",
    allow: "2 Länder erlauben",
    allowed: "Deutschland, Österreich",
    freeze: "Vernichten aufschieben …",
    days: "Für wie viele Tage",
    wrongDays: "Eine ganze Zahl von 1 bis 7.",
    reason: "Warum",
    noReason: /^Sagen Sie in wenigen Worten/,
    because: "Ein Einbruch am Wochenende",
    freezeDo: "2 Tage aufschieben",
    frozen: /^Aufgeschoben am .* von Ben Sommer: Ein Einbruch am Wochenende$/,
    alarm: /^Das Vernichten alter Schlüssel ist bis .* aufgeschoben/,
    thaw: "Wieder vernichten …",
    thawDo: "Alte Schlüssel wieder vernichten",
    backUp: "Jetzt sichern",
    backingUp: "Eine Sicherung wird gemacht.",
    there: /zurückgelesen von place_a, place_b|zurückgelesen von place_b, place_a/,
    turn: "Jetzt ersetzen",
    settled: "bis Nummer 1",
    add_hold: "Gespräch aufbewahren …",
    number: "Nummer oder Adresse des Gesprächs",
    noNumber: /^Das ist keine Nummer/,
    noOne: /^Es gibt kein Gespräch mit dieser Nummer/,
    keep: "Bis dahin aufbewahren",
    held: /^Gespräch [A-Z2-7]{4}/,
  },
};

const PATIENT = { timeout: 60_000 };

testAtTheDesk(
  "places: countries, backups, the epoch key, what is put off,",
  { words: WORDS, begun: 1, says: (words) => words.asks, backedUp: true },
  async ({ server, page, press, shown, words }) => {
    const dialog = page.getByRole("dialog");
    const button = (name, within = page) => within.getByRole("button", { name, exact: true });
    await page.goto(`${server.app}/privacy/backups`);
    await button(words.change).waitFor();
    await shown("places-new");

    // A country in which something lies cannot be taken away; another can come and go.
    await press(button(words.change));
    await dialog.getByText(words.here).waitFor();
    assert.equal(await button(words.germany, dialog).count(), 0);
    await dialog.getByLabel(words.add).selectOption("AT");
    await press(button(words.austria, dialog));
    await button(words.austria, dialog).waitFor({ state: "detached" });
    await dialog.getByLabel(words.add).selectOption("AT");
    await button(words.austria, dialog).waitFor();
    await shown("places-countries");
    await press(button(words.allow, dialog));
    await dialog.waitFor({ state: "detached" });
    await page.locator("main").getByText(words.allowed, { exact: true }).waitFor();

    // Old keys stay for two days, for a reason that everybody sees; then they go again.
    await press(button(words.freeze));
    await dialog.getByLabel(words.days, { exact: true }).fill("8");
    await dialog.getByLabel(words.days, { exact: true }).press("Enter");
    await dialog.getByText(words.wrongDays).waitFor();
    await dialog.getByText(words.noReason).waitFor();
    await dialog.getByLabel(words.days, { exact: true }).fill("2");
    await dialog.getByLabel(words.reason, { exact: true }).fill(words.because);
    await shown("places-freeze");
    await press(button(words.freezeDo, dialog));
    await dialog.waitFor({ state: "detached" });
    await page.getByText(words.frozen).waitFor();
    await shown("places-frozen");
    await page.goto(`${server.app}/privacy`);
    await page.getByText(words.alarm).waitFor();
    await shown("places-alarm");
    await page.goto(`${server.app}/privacy/backups`);
    await press(button(words.thaw));
    await dialog.getByLabel(words.reason, { exact: true }).fill(words.because);
    await press(button(words.thawDo, dialog));
    await dialog.waitFor({ state: "detached" });
    await page.getByText(words.frozen).waitFor({ state: "detached" });

    await press(button(words.backUp));
    await page.getByText(words.backingUp).waitFor();
    await page.getByText(words.there).first().waitFor(PATIENT);
    // Lifting what was put off has the key replaced at once; where that is over already, it is asked for.
    const turn = button(words.turn);
    if (await turn.isEnabled()) await press(turn);
    await page
      .getByText(words.settled)
      .or(page.locator("main dd", { hasText: /(up to number|bis Nummer) [2-9]/ }))
      .first()
      .waitFor(PATIENT);
    await shown("places-settled");
  },
);

testAtTheDesk(
  "holds: an officer who reads no conversation keeps one by its number,",
  { words: WORDS, begun: 1, says: (words) => words.asks },
  async ({ server, page, person, press, shown, words, language }) => {
    const [{ id }] = await page.evaluate(
      async () => (await (await fetch("/api/conversations?list=all&ended=false")).json()).items,
    );
    const one = { name: "Mia Fuchs", email: "mia@example.de", role: "officer", language };
    const password = server.addOperator(server.facts.organisation, one);
    const context = await person();
    const mia = await context.newPage();
    await mia.goto(`${server.app}/privacy/holds`);
    await fillIn(mia, language, one.email, password);
    const add = mia.getByRole("button", { name: words.add_hold });
    await add.waitFor();
    await press(add);
    const dialog = mia.getByRole("dialog");
    const number = dialog.getByLabel(words.number);
    const keep = dialog.getByRole("button", { name: words.keep });
    await number.fill("4711");
    await press(keep);
    await dialog.getByText(words.noNumber).waitFor();
    await number.fill("a".repeat(26));
    await press(keep);
    await dialog.getByText(words.noOne).waitFor();
    await shown("holds-number", mia);
    await number.fill(`${server.app}/conversations/${id}`);
    await press(keep);
    await dialog.waitFor({ state: "detached" });
    await mia.getByText(words.held).first().waitFor();
    assert.equal(await mia.locator("main li a").count(), 0, "she is offered no way into it");
    await shown("holds-officer", mia);
    // A number that is not there is the browser's own error, too.
    assert.deepEqual(
      context.errors.filter((text) => !text.includes("404")),
      [],
    );
  },
);
