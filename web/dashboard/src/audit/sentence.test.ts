// @vitest-environment happy-dom
import type { AuditEntry } from "@diskret/api";
import { describe, expect, it } from "vitest";
import { de } from "../i18n/de";
import { en, type Key } from "../i18n/en";
import { fill } from "../i18n/fill";
import { changesOf, nameOf, othersOf, sentenceOf, wordOf } from "./sentence";

const inEnglish = (key: Key, words = {}) => fill(en[key], words);
const inGerman = (key: Key, words = {}) => fill(de[key], words);
const anna = { id: "a", name: "Anna" };
const ben = { id: "b", name: "Ben" };

function entry(kind: string, details: AuditEntry["details"] = [], rest: Partial<AuditEntry> = {}): AuditEntry {
  const actor = { kind: "operator" as const, operator: anna };
  return {
    number: 1,
    at: 0,
    kind,
    area: "team",
    actor,
    subject: ben,
    origin: "linux",
    details,
    expired: false,
    hash: "",
    ...rest,
  };
}
const became = (what: string, before: string | null, after: string | null) => ({ what, before, after });

describe("sentences", () => {
  it("say who did what to whom, in both languages", () => {
    const changed = entry("operator_changed", [became("role", "agent", "staff")]);
    expect(sentenceOf(changed, inEnglish)).toBe("Anna changed Ben’s role from Agent to Staff");
    expect(sentenceOf(changed, inGerman)).toContain("Anna hat die Rolle von Ben von ");
  });
  it("say what is special about some", () => {
    const says = (...given: Parameters<typeof entry>) => sentenceOf(entry(...given), inEnglish);
    expect(says("operator_changed", [became("active", "true", "false")])).toBe("Anna ended Ben’s access");
    expect(says("operator_changed", [became("role", "a", "b"), became("groups", null, "x")])).toBe(
      "Anna changed what Ben may do",
    );
    expect(says("conversation_assigned", [became("assignee", "Ben", null)])).toBe("Anna took a conversation from Ben");
    expect(says("sign_in_failed")).toBe("Somebody failed to sign in as Ben");
    expect(says("sign_in_failed", [became("further", null, "4")])).toContain("4 more times");
    expect(says("signed_in", [became("browser", null, "firefox"), became("new", null, "true")])).toBe(
      "Anna signed in with a new browser",
    );
    expect(says("session_ended", [became("count", null, "2")])).toBe("Anna ended their other sessions: 2");
    expect(says("snippet_changed", [became("snippet", null, "id"), became("title", null, "Thanks")])).toBe(
      "Anna changed the snippet “Thanks”",
    );
    expect(says("snippet_changed", [became("snippet", null, "id")])).toBe("Anna changed a snippet");
    expect(says("audit_viewed", [], { subject: null })).toBe("Anna read this log");
    expect(says("widget_changed", [became("widget", null, "x"), became("greeting", "a", "b")])).toBe(
      "Anna changed settings of a widget: Greeting",
    );
    expect(says("of_a_newer_program")).toBe("Anna: of_a_newer_program");
    expect(says("signed_in", [], { expired: true, actor: null })).toContain("12 months");
    const program = { kind: "program" as const, operator: anna };
    expect(says("conversation_ended", [], { actor: program })).toBe("A program of Anna ended a conversation");
  });
  it("leave no word unfilled", () => {
    const kinds = Object.keys(en).flatMap((key) => /^audit\.says\.([a-z_]+)$/.exec(key)?.[1] ?? []);
    expect(kinds.length).toBeGreaterThan(20);
    for (const kind of kinds.filter((each) => each !== "unknown")) {
      const all = ["role", "name", "assignee", "group"].map((what) => became(what, "x", "y"));
      for (const say of [inEnglish, inGerman]) expect(sentenceOf(entry(kind, all), say)).not.toMatch(/[{}]/);
    }
  });
  it("tell values in the reader’s words", () => {
    expect(wordOf("role", "officer", inEnglish)).toBe("Data protection officer");
    expect(wordOf("active", "false", inEnglish)).toBe("no");
    expect(wordOf("greeting", "", inEnglish)).toBe("nothing");
    expect(wordOf("greeting", "role.owner", inEnglish)).toBe("role.owner");
    expect(wordOf("conversations", "write", inEnglish)).toBe("Change");
    expect(wordOf("greeting", "write", inEnglish)).toBe("write");
    const grouped = entry("conversation_grouped", [became("conversation", null, "id"), became("group", null, "b")]);
    expect(changesOf(grouped)).toEqual([became("group", null, "b")]);
    expect(othersOf(grouped)).toEqual([became("conversation", null, "id")]);
    const made = entry("program_made", [became("program", null, "Import"), became("conversations", null, "read")]);
    expect(changesOf(made)).toEqual([]);
    expect(othersOf(made).map(({ what }) => nameOf(what, inEnglish))).toEqual(["Program", "Conversations"]);
  });
});
