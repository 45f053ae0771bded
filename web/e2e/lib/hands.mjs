// One way to do a thing at the desk: by keys alone or by touch alone, and how many presses it took.
import assert from "node:assert/strict";
import { tabTo } from "./people.mjs";

/** Counts what a person's hands do, and writes down what was done in another way. */
function watchHands() {
  globalThis.hands = { keys: 0, mouse: 0, touches: 0 };
  addEventListener("keydown", (event) => event.isTrusted && globalThis.hands.keys++, true);
  addEventListener(
    "pointerdown",
    (event) => event.isTrusted && globalThis.hands[event.pointerType === "touch" ? "touches" : "mouse"]++,
    true,
  );
}

export const watch = (context) => context.addInitScript(watchHands);

class Hands {
  presses = 0;
  constructor(page, words) {
    Object.assign(this, { page, words });
  }

  get thread() {
    return this.page.locator(".thread");
  }

  get composer() {
    return this.page.locator(".composer textarea");
  }

  /** Waits until this stands in the composer. */
  async written(wanted) {
    for (let looks = 0; looks < 100; looks += 1) {
      if (wanted.test(await this.composer.inputValue())) return;
      await this.page.waitForTimeout(50);
    }
    assert.fail(`in the composer stands: ${await this.composer.inputValue()}`);
  }
}

/** On a desktop: no mouse, and no focus but that which keys gave. */
export class Keys extends Hands {
  async press(key, times = 1) {
    for (let time = 0; time < times; time += 1) await this.page.keyboard.press(key);
    this.presses += times;
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  /** A command or a conversation by its words. */
  async palette(words, found = words) {
    await this.press("Control+k");
    await this.page.getByRole("dialog").getByRole("combobox").waitFor();
    await this.type(words);
    await this.page.getByRole("option", { name: found, selected: true }).waitFor();
    await this.press("Enter");
    await this.page.getByRole("dialog").waitFor({ state: "detached" });
  }

  async open(text) {
    await this.palette(text, new RegExp(`– .*${text}`));
    await this.thread.getByText(text).first().waitFor();
  }

  async compose(mode = "reply") {
    await this.press(mode === "note" ? "n" : "r");
    await this.page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
  }

  /** Out of the composer, to where single keys act. */
  async leave() {
    await this.press("Escape");
    await this.page.waitForFunction(() => document.activeElement?.tagName !== "TEXTAREA");
  }

  async go(locator) {
    await locator.waitFor();
    await tabTo(this.page, locator);
    await this.press("Enter");
  }

  async done() {
    const { mouse, touches } = await this.page.evaluate(() => globalThis.hands);
    assert.deepEqual({ mouse, touches }, { mouse: 0, touches: 0 }, "by keyboard alone");
  }
}

/** On a phone: fingers, and words that come from the keyboard on the screen. */
export class Fingers extends Hands {
  async tap(locator) {
    await locator.tap();
    this.presses += 1;
  }

  async write(field, text) {
    await this.tap(field);
    await this.page.keyboard.insertText(text);
  }

  /** Back to the list, from wherever. */
  async home() {
    const back = this.page.locator(".talk .back");
    if (await back.isVisible()) await this.tap(back);
    await this.page.getByRole("tab").first().waitFor();
  }

  async find() {
    await this.home();
    await this.tap(this.page.getByRole("button", { name: this.words.filter, exact: true }));
  }

  async search(words) {
    await this.find();
    await this.tap(this.page.getByRole("button", { name: this.words.search, exact: true }));
    await this.page.getByRole("dialog").getByRole("combobox").waitFor();
    await this.page.keyboard.insertText(words);
  }

  async open(text) {
    await this.home();
    await this.tap(this.page.getByRole("tab", { name: this.words.all }));
    await this.tap(this.page.locator(".list li a").filter({ hasText: text }));
    await this.thread.getByText(text).first().waitFor();
  }

  /** What can be done with the open conversation. */
  async action(words) {
    await this.tap(this.page.getByRole("button", { name: this.words.actions, exact: true }));
    await this.tap(this.page.getByRole("menuitem", { name: words }));
  }

  send() {
    return this.tap(this.page.locator('.composer button[type="submit"]'));
  }

  /** Without the moment in which it could be taken back. */
  async sendNow() {
    await this.send();
    await this.tap(this.page.getByRole("button", { name: this.words.now }));
  }

  async done() {
    const { keys, mouse } = await this.page.evaluate(() => globalThis.hands);
    assert.deepEqual({ keys, mouse }, { keys: 0, mouse: 0 }, "by touch alone");
  }
}
