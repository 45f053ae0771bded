import { describe, expect, it } from "vitest";
import { asked, decoded, encoded, pieces } from "./mentions";

const lena = { id: "a".repeat(26), name: "Lena" };
const roth = { id: "b".repeat(26), name: "Lena Roth" };
const people = [lena, roth];

describe("mentions", () => {
  it("are stored by id, the longest name first, and written as names again", () => {
    const written = "@Lena Roth, ask @Lena or mail lena@Lenas.example";
    const stored = encoded(written, people);
    expect(stored).toBe(`@[${roth.id}], ask @[${lena.id}] or mail lena@Lenas.example`);
    expect(decoded(stored, people)).toBe(written);
  });
  it("leave text as it is where nobody is called so", () => {
    expect(encoded("@Nobody and @ and @[x]", people)).toBe("@Nobody and @ and @[x]");
    expect(decoded(`@[${"c".repeat(26)}]`, people)).toBe(`@[${"c".repeat(26)}]`);
  });
  it("are found in what is stored", () => {
    expect(pieces(`a @[${lena.id}]b@[${roth.id}]`)).toEqual([
      { text: "a " },
      { id: lena.id },
      { text: "b" },
      { id: roth.id },
    ]);
    expect(pieces("@[short] @[")).toEqual([{ text: "@[short] @[" }]);
    expect(pieces("")).toEqual([]);
  });
  it("are asked for behind an @ that begins a word", () => {
    expect(asked("so @Le", 6)).toBe("Le");
    expect(asked("@", 1)).toBe("");
    expect(asked("@Lena Ro", 8)).toBe("Lena Ro");
    expect(asked("lena@ex", 7)).toBeNull();
    expect(asked("@Le\nx", 5)).toBeNull();
    expect(asked("so @Le", 2)).toBeNull();
  });
});
