// WCAG 2.2 AA as far as a machine can tell.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };

/** Fails with every finding of a page or frame. */
export async function assertAccessible(frame, where) {
  await frame.evaluate(axe);
  const { violations, passes } = await frame.evaluate((rules) => globalThis.axe.run(document, rules), RULES);
  assert.ok(passes.length > 5, `${where}: the checker looked at something`);
  const found = violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  assert.deepEqual(found, [], where);
}
