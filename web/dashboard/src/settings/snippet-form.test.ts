import { describe, expect, it } from "vitest";
import { problemsOf } from "./snippet-form";

const fine = { shortcut: "thanks", title: "Thanks", de: "", en: "Thank you" };

describe("a snippet's form", () => {
  it("wants a word, a title and a text in one language", () => {
    expect(problemsOf(fine)).toEqual({});
    expect(problemsOf({ ...fine, shortcut: " grüße-2 " })).toEqual({});
    expect(Object.keys(problemsOf({ shortcut: "two words", title: " ", de: " ", en: "" }))).toEqual([
      "shortcut",
      "title",
      "wording",
    ]);
    expect(problemsOf({ ...fine, shortcut: "a/b" }).shortcut).toBe("snippets.shortcut.wrong");
  });
});
