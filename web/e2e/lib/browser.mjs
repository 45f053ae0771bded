// Chromium, one process for all tests, a profile for each person.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const screenshots = process.env.DISKRET_SCREENSHOTS ?? join(root, "test-results");
let browser;
const profiles = [];

export const DESKTOP = { width: 1440, height: 860 };
export const PHONE = { width: 360, height: 740 };

const LAUNCH = {
  executablePath: process.env.DISKRET_BROWSER ?? "/usr/bin/chromium",
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    ...["--disable-component-update", "--disable-sync"],
  ],
};

/**
 * A profile with nothing in it. Anything a page logs as an error is collected in `context.errors`. Profiles are like private
 * windows, which deny frames of other sites any storage; `lasting` gives one like an ordinary window. `behind` gives one
 * whose every connection goes through this proxy, under the same addresses.
 */
export async function newBrowser({
  size = DESKTOP,
  dark = false,
  language = "en-GB",
  lasting = false,
  behind,
  ...rest
} = {}) {
  const options = {
    viewport: size,
    colorScheme: dark ? "dark" : "light",
    locale: language,
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    ...rest,
  };
  let context;
  if (lasting) {
    const folder = mkdtempSync(join(tmpdir(), "diskret-profile-"));
    const ignoreDefaultArgs = [await switchedOff()];
    context = await chromium.launchPersistentContext(folder, { ...LAUNCH, ...options, ignoreDefaultArgs });
    profiles.push(folder);
  } else if (behind) {
    const way = `--host-resolver-rules=MAP *.localhost 127.0.0.1:${behind.port}`;
    const own = await chromium.launch({ ...LAUNCH, args: [...LAUNCH.args, way] });
    context = await own.newContext(options);
    context.once("close", () => own.close());
  } else {
    browser ??= await chromium.launch(LAUNCH);
    context = await browser.newContext(options);
  }
  context.setDefaultTimeout(30_000); // a machine may have much else to do; what is promised to be quick has a test of its own
  context.errors = [];
  context.on("console", (message) => {
    // Asking who is signed in is answered with 401 where nobody is; the browser logs that by itself.
    if (message.type() !== "error" || message.text().includes("401")) return;
    context.errors.push(`${message.text()} ${message.location().url}`);
  });
  context.on("weberror", (error) => context.errors.push(String(error.error())));
  return context;
}

/** The tool switches storage partitioning off, which every visitor's browser has on: the switch it does so with. */
async function switchedOff() {
  const server = await chromium.launchServer(LAUNCH);
  const found = server.process().spawnargs.find((argument) => argument.startsWith("--disable-features="));
  await server.close();
  return found;
}

// Pictures of the guides: with DISKRET_GUIDES=1 the tests renew them, and whatever is called `guide-…`.
const GUIDES = {
  "message-centre-en-desktop-light": "message-centre",
  "message-centre-de-desktop-light": "message-centre-de",
  "note-mode-en-desktop-light": "note-mode",
  "widget-en-desktop-light": "widget",
  "first-run-3-key": "first-run-key",
  "team-en-desktop-light": "team",
  "team-de-desktop-light": "team-de",
  "team-link-en-desktop-light": "team-link",
  "roles-en-desktop-light": "roles",
};

/** Takes a picture into the folder of results, and into the guides where it belongs there; `clip` is a part of it. */
export async function picture(page, name, clip) {
  mkdirSync(screenshots, { recursive: true });
  const path = join(screenshots, `${name}.png`);
  await page.screenshot({ path, clip });
  const guide = GUIDES[name] ?? /^guide-(.+)$/.exec(name)?.[1];
  if (process.env.DISKRET_GUIDES && guide) copyFileSync(path, join(root, "docs/images", `${guide}.png`));
}

export async function closeBrowser() {
  await browser?.close();
  // A browser writes to its profile for a moment after it was closed.
  for (const folder of profiles) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
