import type { SnippetInfo } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { filled, insertAt, matching, wordsIn } from "./say";

const snippet = (shortcut: string, title: string, shared = true, de: string | null = "Text"): SnippetInfo => ({
  id: shortcut,
  shared,
  shortcut,
  title,
  wording: { de, en: null },
});

describe("a snippet", () => {
  it("speaks the visitor's language, or the one that it knows", () => {
    const both = { de: "Hallo", en: "Hello" };
    expect(wordsIn(both, "en")).toEqual({ text: "Hello", language: "en" });
    expect(wordsIn({ de: "Hallo", en: null }, "en")).toEqual({ text: "Hallo", language: "de" });
    expect(wordsIn({ de: null, en: "Hello" }, "de")).toEqual({ text: "Hello", language: "en" });
  });
  it("fills in names and nothing else", () => {
    const values = { visitor: "Anna {operator}", operator: "Ben", organisation: "Nordlicht" };
    expect(filled("{visitor}, {operator} of {organisation}, {order} {visitor}", values)).toBe(
      "Anna {operator}, Ben of Nordlicht, {order} Anna {operator}",
    );
  });
  it("is found by its word first, one's own before shared ones", () => {
    const all = [snippet("thanks", "Say goodbye"), snippet("bye", "Thanks"), snippet("thank", "x", false)];
    expect(matching("thank", all).map((one) => one.shortcut)).toEqual(["thank", "thanks", "bye"]);
    expect(matching("", all)[0]?.shortcut).toBe("thank");
    expect(matching("nothing", all)).toEqual([]);
  });
  it("stands where the caret was", () => {
    expect(insertAt("Hello !", "Anna", 6, 6)).toEqual({ draft: "Hello Anna!", caret: 10 });
    expect(insertAt("abc", "X", 1, 2)).toEqual({ draft: "aXc", caret: 2 });
  });
});
