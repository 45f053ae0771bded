// Hostile texts, and what would show that one of them was taken for more than text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { signIn } from "./people.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../payloads");
const lines = (name) =>
  readFileSync(join(folder, name), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("# "));

/** Markup and script; every address in it is the trap's. */
const markup = (trap) => lines("xss.txt").map((line) => line.replaceAll("evil.test", trap.host));

/** Texts that trip programs up: those that are texts at all. */
export const naughty = lines("naughty.txt")
  .map((line) => JSON.parse(line))
  .filter((text) => text.isWellFormed());

/** An address of this machine that nothing may ever connect to: not even ahead of a request that is never made. */
async function trap() {
  const found = { connections: 0 };
  const server = createServer((socket) => {
    found.connections += 1;
    socket.destroy();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  found.host = `evil.localhost:${server.address().port}`;
  server.unref();
  return found;
}

/** What a text has no business to be. Own pages have some of it: what counts is that there is no more than before. */
const ACTIVE = [
  ...["script", "iframe", "frame", "frameset", "object", "embed", "applet", "portal", "form", "base", "meta", "link"],
  ...["style", "img", "image", "video", "audio", "source", "track", "picture", "math", "template", "marquee", "area"],
  ...["isindex", "xmp", "listing", "foreignObject", "animate", "set", "use", "feImage", "title", "dialog"],
  ...["[srcdoc]", "[formaction]", "[ping]", "[background]", "[poster]", "[contenteditable]", "[popover]"],
  ...["[hx-get]", "[ng-app]", "[v-html]", "[x-init]", "[name=location]", "[name=url]", "[name=self]"],
  ...["#clobber", "#config", "#document", "#__proto__"],
];

/** How many of each a frame holds. */
export const active = (frame) =>
  frame.evaluate((selectors) => {
    const found = {};
    const note = (what, many) => {
      if (many > 0) found[what] = many;
    };
    for (const selector of selectors) note(selector, document.querySelectorAll(selector).length);
    const every = [...document.querySelectorAll("*")];
    note(
      "handlers",
      every.filter((element) => element.getAttributeNames().some((name) => name.startsWith("on"))).length,
    );
    const leads = (element) => element.getAttribute("href") ?? element.getAttribute("xlink:href");
    note("other schemes", every.filter((element) => /^[^/#]*script:|^data:text/i.test(leads(element) ?? "")).length);
    return found;
  }, ACTIVE);

/** The texts of all elements that fit, from the first or a later one. */
export const texts = (frame, selector, from = 0) =>
  frame.evaluate(
    ([fits, first]) => [...document.querySelectorAll(fits)].slice(first).map((element) => element.textContent),
    [selector, from],
  );

/**
 * Watches everything that happens in a browser profile: scripts that run, dialogs, violations of a policy, requests to
 * other places than the server's. `noticed()` lists it.
 */
export async function watch(context, server) {
  const own = [server.app, server.widget, server.shop];
  const seen = { ran: new Set(), dialogs: [], violations: [], foreign: [] };
  await context.exposeBinding("__ran", (_, number) => void seen.ran.add(Number(number)));
  await context.exposeBinding("__violated", (_, what) => void seen.violations.push(what));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      globalThis.__violated(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  context.on("dialog", (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  context.on("request", (request) => {
    const address = new URL(request.url());
    const isOwn = own.includes(address.origin) || address.href.startsWith("data:image/svg+xml");
    if (!isOwn) seen.foreign.push(`${request.resourceType()} ${address.href.slice(0, 120)}`);
  });
  context.on("weberror", (error) => seen.violations.push(String(error.error())));
  seen.noticed = () => [
    ...[...seen.ran].map((number) => `ran ${number}`),
    ...seen.dialogs.map((text) => `dialog ${text}`),
    ...seen.violations.map((what) => `violation ${what}`),
    ...seen.foreign.map((what) => `request ${what}`),
  ];
  return seen;
}

/** A server, the trap, and an owner at their desk in a profile that is watched. */
export async function attacked({ start, open }, { setUp = {}, flags = [], before } = {}) {
  const server = await start({ setUp, flags });
  const evil = await trap();
  const context = await open();
  await before?.(context);
  const seen = await watch(context, server);
  const desk = await signIn(context, server, "ben@example.de", server.facts.owner_password);
  return { server, evil, context, seen, desk, payloads: markup(evil) };
}

/** Waits until these texts stand there, no more and no fewer. */
export async function settled(read, expected) {
  let found = [];
  for (let looks = 0; looks < 150; looks += 1) {
    found = await read();
    if (found.length === expected.length && found.every((text, at) => text === expected[at])) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.deepEqual(found, expected);
}
