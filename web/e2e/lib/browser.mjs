// Chromium, one process for all tests, a profile for each person.
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const screenshots = process.env.DISKRET_SCREENSHOTS ?? join(root, "test-results");
let browser;

export const DESKTOP = { width: 1440, height: 860 };
export const PHONE = { width: 360, height: 740 };

/** A profile with nothing in it. Anything a page logs as an error is collected in `context.errors`. */
export async function newBrowser({ size = DESKTOP, dark = false, language = "en-GB", ...rest } = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.DISKRET_BROWSER ?? "/usr/bin/chromium",
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync"],
    ],
  });
  const context = await browser.newContext({
    viewport: size,
    colorScheme: dark ? "dark" : "light",
    locale: language,
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    ...rest,
  });
  context.setDefaultTimeout(10_000);
  context.errors = [];
  context.on("console", (message) => {
    // Asking who is signed in is answered with 401 where nobody is; the browser logs that by itself.
    if (message.type() === "error" && !message.text().includes("401")) context.errors.push(message.text());
  });
  context.on("weberror", (error) => context.errors.push(String(error.error())));
  return context;
}

/** Takes a picture into the folder of results. */
export async function picture(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

export async function closeBrowser() {
  await browser?.close();
}
