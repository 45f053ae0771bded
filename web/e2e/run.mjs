// Runs every browser test against the real program and prints `e2e: N passed, N failed`.
//
//   node e2e/run.mjs [NAME]      only tests whose name contains NAME
//   DISKRET_PROGRAM              the program (../target/release/diskret)
//   DISKRET_HOSTILE_PROXY        the test kit's proxy (../target/debug/hostile-proxy)
//   DISKRET_BROWSER              a Chromium (/usr/bin/chromium)
//   DISKRET_SCREENSHOTS          folder for screenshots (../test-results)
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeBrowser } from "./lib/browser.mjs";
import { registered } from "./lib/test.mjs";

const here = dirname(fileURLToPath(import.meta.url));
for (const file of readdirSync(join(here, "tests")).sort()) {
  if (file.endsWith(".mjs")) await import(join(here, "tests", file));
}

const wanted = process.argv[2] ?? "";
let passed = 0;
const failures = [];
for (const { name, run } of registered) {
  if (!name.includes(wanted)) continue;
  const started = Date.now();
  try {
    await run();
    passed += 1;
    console.log(`ok    ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failures.push(`FAIL  ${name} (${Date.now() - started} ms)\n${error?.stack ?? error}`);
    console.log(failures.at(-1));
  }
}
await closeBrowser();
// Once more where the summary is: the rest may have scrolled away, or been cut.
for (const failure of failures) console.log(failure);
console.log(`e2e: ${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 || passed === 0 ? 1 : 0);
