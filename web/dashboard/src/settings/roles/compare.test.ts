import type { RightsInfo } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { areas, compare } from "./compare";

const none: RightsInfo = {
  conversations: { level: "off", reach: "own" },
  snippets: "off",
  team: "off",
  widgets: "off",
  audit: "off",
  programs: "off",
  installation: "off",
  erasing: "off",
  privacy: "off",
};
const agent: RightsInfo = { ...none, conversations: { level: "write", reach: "own" }, snippets: "read", team: "read" };
const staff: RightsInfo = { ...agent, conversations: { level: "write", reach: "group" } };
const officer: RightsInfo = { ...none, team: "read", widgets: "read", audit: "read" };
const admin: RightsInfo = {
  ...staff,
  conversations: { level: "write", reach: "all" },
  team: "write",
  widgets: "write",
};

describe("the difference between two roles", () => {
  it("is nothing where they allow the same", () => {
    expect(compare(agent, { ...agent })).toEqual([]);
    // How far it would reach says nothing where it is off.
    expect(compare(none, { ...none, conversations: { level: "off", reach: "all" } })).toEqual([]);
  });
  it("names a wider and a narrower reach", () => {
    expect(compare(agent, staff)).toEqual([{ area: "conversations", change: "gains" }]);
    expect(compare(staff, agent)).toEqual([{ area: "conversations", change: "keeps" }]);
  });
  it("tells more, less and nothing any more apart", () => {
    expect(compare(admin, officer)).toEqual([
      { area: "conversations", change: "loses" },
      { area: "snippets", change: "loses" },
      { area: "team", change: "keeps" },
      { area: "widgets", change: "keeps" },
      { area: "audit", change: "gains" },
    ]);
  });
  it("knows every area", () => {
    expect([...areas].sort()).toEqual(Object.keys(none).sort());
  });
});
