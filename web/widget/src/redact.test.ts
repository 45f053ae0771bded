import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findCards, maskCards } from "./redact";

const vectors: { name: string; text: string; masked: string }[] = JSON.parse(
  readFileSync(new URL("../../../crates/privacy/testdata/redaction.json", import.meta.url), "utf8"),
);

test("the vectors are there", () => {
  expect(vectors.filter((v) => v.text !== v.masked).length).toBeGreaterThan(60);
  expect(vectors.filter((v) => v.text === v.masked).length).toBeGreaterThan(60);
  expect(new Set(vectors.map((v) => v.name)).size).toBe(vectors.length);
});

test.each(vectors)("$name", ({ text, masked }) => {
  const result = maskCards(text);
  expect(result.text).toBe(masked);
  expect(maskCards(result.text)).toEqual({ text: masked, masked: 0 });
});

test("says where and how many, in UTF-16 offsets", () => {
  const text = "🙂 4242 4242 4242 4242 🙂 ５５５５５５５５５５５５４４４４";
  expect(findCards(text).map(({ start, end }) => text.slice(start, end))).toEqual([
    "4242 4242 4242 4242",
    "５５５５５５５５５５５５４４４４",
  ]);
  expect(maskCards(text)).toEqual({ text: "🙂 •••• 4242 🙂 •••• 4444", masked: 2 });
});

test("a broken surrogate pair changes nothing", () => {
  expect(maskCards("\ud835 4242424242424242 \udfd0")).toEqual({ text: "\ud835 •••• 4242 \udfd0", masked: 1 });
});

test("long texts take linear time", () => {
  for (const part of ["4 ", "42424242", "+ ", "1-", "DE89 ", "12345678-1234-", "4242424242424242 "]) {
    const start = performance.now();
    maskCards(part.repeat(8000 / part.length));
    expect(performance.now() - start).toBeLessThan(1500);
  }
});
