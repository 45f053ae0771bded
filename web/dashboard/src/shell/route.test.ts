import { describe, expect, it } from "vitest";
import { conversationPath, inside, parse, privacyParts, privacyPath, settingPaths, settings } from "./route";

describe("routes", () => {
  it("reads what it writes", () => {
    expect(parse(conversationPath("a/b"), "")).toEqual({ name: "messages", conversation: "a/b", person: false });
    expect(parse(conversationPath("x", true), "")).toEqual({ name: "messages", conversation: "x", person: true });
  });
  it("knows its screens and nothing else", () => {
    expect(parse("/", "").name).toBe("messages");
    expect(parse("/settings", "").name).toBe("widget");
    expect(parse("/settings/audit", "").name).toBe("audit");
    expect(parse("/settings/recorded", "").name).toBe("recorded");
    expect(parse("/settings/recovery-key", "").name).toBe("recovery-key");
    expect(parse("/settings/team", "").name).toBe("team");
    expect(parse("/settings/team/roles", "").name).toBe("roles");
    expect(parse("/settings/team/elsewhere", "").name).toBe("unknown");
    expect(parse("/link", "").name).toBe("link");
    expect(parse("/settings/snippets", "").name).toBe("snippets");
    expect(parse("/settings/topics", "").name).toBe("topics");
    expect(parse("/settings/notifications", "").name).toBe("attention");
    expect(parse("/settings/account", "").name).toBe("account");
    expect(parse("/settings/programs", "").name).toBe("programs");
    expect(parse("/settings/account/x", "").name).toBe("unknown");
    expect(parse("/elsewhere", "").name).toBe("unknown");
    expect(parse("/%E0%A4%A", "").name).toBe("unknown");
  });
  it("leads to each part of the privacy centre, and to one erasure", () => {
    for (const part of privacyParts) expect(parse(privacyPath(part), "")).toEqual({ name: "privacy", part, id: null });
    expect(parse(privacyPath("erasures", "a/b"), "")).toEqual({ name: "privacy", part: "erasures", id: "a/b" });
    for (const path of ["/privacy/elsewhere", "/privacy/holds/x", "/privacy/erasures/a/b", "/receipt/x"])
      expect(parse(path, "").name).toBe("unknown");
    expect(parse("/receipt", "")).toEqual({ name: "receipt" });
  });
  it("leads to each setting by its path", () => {
    for (const name of settings) expect(parse(settingPaths[name], "")).toEqual({ name });
  });
  it("returns to its own paths only", () => {
    expect(inside("/conversations/1")).toBe("/conversations/1");
    expect(inside("/conversations/1?state=new")).toBe("/conversations/1?state=new");
    for (const foreign of [
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "/\n\\evil.example",
      "/.//evil.example",
      "/x/..//evil.example",
      "//[",
      " //evil.example",
      "/./sign-in?to=/",
      "https://evil.example",
      "javascript:1",
      "/sign-in",
      "",
      null,
    ])
      expect(inside(foreign)).toBe("/");
  });
});
