import { describe, expect, it } from "vitest";
import { matching, nameOf, recent, withRecent } from "./find";
import { emoji } from "./table";
import { begun } from "./typed";

const found = (query: string, language: "de" | "en") => matching(query, language)[0]?.char;

describe("the table", () => {
  it("has each once, with words in both languages", () => {
    expect(emoji.length).toBeGreaterThan(240);
    expect(new Set(emoji.map((one) => one.char)).size).toBe(emoji.length);
    for (const one of emoji) {
      expect(one.char).toMatch(/\p{Emoji}/u);
      expect(one.char).not.toMatch(/\s/);
      expect(one.en, one.char).toMatch(/^[a-z]/i);
      expect(one.de, one.char).toMatch(/^\p{L}/u);
    }
  });
});

describe("emoji are found", () => {
  it("by German and by English words, whichever the screen speaks", () => {
    expect(found("daumen hoch", "de")).toBe("👍");
    expect(found("daumen hoch", "en")).toBe("👍");
    expect(found("dau", "de")).toBe("👍");
    expect(found("thumbs", "de")).toBe("👍");
    expect(found("paket", "de")).toBe("📦");
    expect(found("osterreich", "de")).toBe("🇦🇹");
    expect(matching("xyzzy", "en")).toEqual([]);
    expect(matching(" ", "en")).toBe(emoji);
  });
  it("behind a colon and two letters, and not within a word or an address", () => {
    expect(begun("Danke :da", 9)).toEqual({ query: "da", from: 6 });
    expect(begun(":dau und mehr", 4)).toEqual({ query: "dau", from: 0 });
    for (const text of ["Danke :d", "10:30", "https://x", "a:bc", "Danke :) ", ": da"])
      expect(begun(text, text.length)).toBeNull();
  });
});

describe("the ones used last", () => {
  it("stand first, each once, and no more than fit", () => {
    let kept: string | null = null;
    for (const one of emoji.slice(0, 20)) kept = withRecent(kept, one.char);
    expect(recent(kept).length).toBe(16);
    expect(recent(kept)[0]?.char).toBe(emoji[19]?.char);
    kept = withRecent(kept, emoji[10]?.char ?? "");
    expect(
      recent(kept)
        .map((one) => one.char)
        .filter((char) => char === emoji[10]?.char).length,
    ).toBe(1);
  });
  it("are nothing that the table does not have, whatever the device remembers", () => {
    expect(recent("👍 <b> Geheimnis")).toHaveLength(1);
    expect(recent(null)).toEqual([]);
  });
  it("have a name in the language of the screen", () => {
    const [thumb] = recent("👍");
    expect(thumb && [nameOf(thumb, "de"), nameOf(thumb, "en")]).toEqual(["Daumen hoch", "thumbs up"]);
  });
});
