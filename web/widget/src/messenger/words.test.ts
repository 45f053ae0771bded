// @vitest-environment happy-dom

import { readFrame } from "@diskret/api/frame";
import { wellFormed } from "@diskret/api/well-formed";
import { describe, expect, it, vi } from "vitest";
import { rich } from "./dom";
import { characters } from "./frames";
import { calendar, choose } from "./locale";
import { messages } from "./messages";
import { readLoader } from "./parent";
import { typing } from "./typing";

const markup = (text: string) => {
  const box = document.createElement("div");
  box.append(rich(text));
  return box.innerHTML;
};

describe("frames", () => {
  it("ignores what is not a frame", () => {
    expect(
      ['{"type":"pong"}', "[]", "null", "{", '{"type":1}', new ArrayBuffer(1)].map((d) => readFrame(d)?.type),
    ).toEqual(["pong", undefined, undefined, undefined, undefined, undefined]);
  });
  it("counts and repairs text as the server reads it", () => {
    expect([characters("a😀é"), wellFormed("a\ud800b😀")]).toEqual([3, "a\ufffdb😀"]);
  });
});

describe("the loader's words", () => {
  it("are taken only as they are defined", () => {
    expect(readLoader({ diskret: "open", focus: true })).toEqual({ diskret: "open", focus: true });
    expect(readLoader({ diskret: "closed" })).toEqual({ diskret: "closed" });
    const wrong = [
      null,
      "open",
      {},
      { diskret: "open" },
      { diskret: "open", focus: 1 },
      { diskret: "closed", more: 1 },
    ];
    for (const data of wrong) expect(readLoader(data)).toBeUndefined();
  });
});

describe("message text", () => {
  it("never becomes markup", () => {
    expect(markup('<img src=x onerror=alert(1)> & "')).toBe('&lt;img src=x onerror=alert(1)&gt; &amp; "');
  });
  it("shows covered card numbers and links web addresses only", () => {
    expect(markup("Karte •••• 4242.")).toContain('<span class="mask">•••• 4242</span>.');
    expect(markup("siehe https://a.example/b?c=1.")).toContain('href="https://a.example/b?c=1"');
    expect(markup("javascript:alert(1) data:text/html,x")).not.toContain("<a");
  });
});

describe("language", () => {
  it("follows the page, then the fallback", () => {
    expect([choose("de-AT", "en"), choose("fr", "en-US"), choose("", "")]).toEqual(["de", "en", undefined]);
  });
  it("has every text twice and no exclamation mark", () => {
    expect(Object.keys(messages.en)).toEqual(Object.keys(messages.de));
    for (const text of Object.values(messages).flatMap((texts) => Object.values(texts)))
      expect(typeof text === "string" ? text : (text as (n: never) => string)(3 as never)).not.toMatch(/!|^\s*$/);
  });
  it("names days", () => {
    const dates = calendar("de", messages.de);
    const now = new Date(2026, 2, 30, 1).getTime(); // the night after summer time began
    const at = (day: number, hour: number) => new Date(2026, 2, day, hour).getTime() * 1000;
    expect([dates.day(at(30, 0), now), dates.day(at(29, 1), now)]).toEqual(["Heute", "Gestern"]);
    expect(dates.day(at(28, 12), now)).toBe("28. März 2026");
  });
});

describe("typing", () => {
  it("is said at most every 3 s and taken back after 5 s of rest", () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const said: boolean[] = [];
    const input = typing((on) => said.push(on));
    for (let key = 0; key < 40; key++) {
      input(true);
      vi.advanceTimersByTime(100);
    }
    expect(said).toEqual([true, true]);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual([true, true, false]);
  });
});
