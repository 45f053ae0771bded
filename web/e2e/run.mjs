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
let failed = 0;
for (const { name, run } of registered) {
  if (!name.includes(wanted)) continue;
  const started = Date.now();
  try {
    await run();
    passed += 1;
    console.log(`ok    ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name} (${Date.now() - started} ms)\n${error?.stack ?? error}`);
  }
}
await closeBrowser();
console.log(`e2e: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
