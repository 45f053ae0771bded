import { describe, expect, it } from "vitest";
import { inkOn } from "../settings/colour";
import { originOf } from "../settings/site";
import { snippetFor } from "../settings/snippet";
import { type Answers, checkAccount, checkWidget, requestOf } from "./form";

const good: Answers = {
  code: "ABCD",
  organisation: "Nordlicht",
  name: "Ben",
  email: "ben@example.org",
  password: "three plain words",
  site: "",
  greeting: "Hello",
  colour: "#0B6E5D",
};

describe("set-up answers", () => {
  it("pass when they are good, and the site may be missing", () => {
    expect(checkAccount(good)).toEqual({});
    expect(checkWidget(good)).toEqual({});
    expect(requestOf(good, "de")).toMatchObject({ colour: "#0b6e5d", language: "de" });
    expect(requestOf(good, "de")).not.toHaveProperty("site");
  });
  it("name each field that is not", () => {
    expect(
      Object.keys(
        checkAccount({
          ...good,
          code: " ",
          organisation: "x".repeat(81),
          name: "",
          email: "ben",
          password: "eleven char",
        }),
      ).sort(),
    ).toEqual(["code", "email", "name", "organisation", "password"]);
    expect(Object.keys(checkWidget({ ...good, site: "not a site", greeting: " ", colour: "green" })).sort()).toEqual([
      "colour",
      "greeting",
      "site",
    ]);
  });
});

describe("site addresses", () => {
  it.each([
    ["www.example.org", "https://www.example.org"],
    ["https://Example.org/shop?x=1", "https://example.org"],
    ["localhost:8080", "http://localhost:8080"],
    ["shop.localhost:8080/", "http://shop.localhost:8080"],
    ["ftp://example.org", null],
    ["shop", null],
    ["two words.org", null],
    ["", null],
  ])("%s → %s", (typed, origin) => expect(originOf(typed)).toBe(origin));
});

it("chooses the ink that reads better", () => {
  expect(inkOn("#0b6e5d")).toBe("#ffffff");
  expect(inkOn("#ffe066")).toBe("#000000");
});

it("writes a snippet that cannot be broken out of", () => {
  expect(snippetFor("http://widget.localhost:8080", "w1")).toBe(
    '<script src="http://widget.localhost:8080/loader.js" data-widget="w1" async></script>',
  );
  expect(snippetFor('"><b', "x")).toContain('src="&quot;>&lt;b/loader.js"');
});
