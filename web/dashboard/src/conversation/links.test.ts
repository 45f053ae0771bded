import { expect, it } from "vitest";
import { stretches } from "./links";

const leads = (text: string) => stretches(text).flatMap(({ href }) => href ?? []);

it("finds web addresses and changes nothing of the text", () => {
  const text = "siehe https://a.example/b?c=1. Oder (WWW.b.example/x), http://c.example!\n";
  expect(leads(text)).toEqual(["https://a.example/b?c=1", "https://WWW.b.example/x", "http://c.example"]);
  expect(
    stretches(text)
      .map((one) => one.text)
      .join(""),
  ).toBe(text);
  expect(stretches("")).toEqual([]);
});

it("leads to nothing but web pages: an attack stays text", () => {
  expect(leads("https://a.example")).toHaveLength(1);
  for (const attack of [
    "javascript:alert(1)",
    "JaVaScRiPt://www.a.example/%0aalert(1)",
    "data:text/html;base64,PHN2Zz4=",
    "vbscript:x file:///etc/passwd mailto:a@www.a.example",
    "xhttps://a.example",
    "https://",
    "www.",
    "http://[::/x",
  ])
    expect(leads(attack), attack).toEqual([]);
  for (const href of leads('https://a.example/"onmouseover="x <https://b.example/?a="><svg/onload=x>'))
    expect(href).toMatch(/^https:\/\/[ab]\.example\/[^"<>]*$/);
});
