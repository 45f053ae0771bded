import type { AuditDetail, AuditEntry } from "@diskret/api";
import { browsers, platforms } from "../account/device";
import { en, type Key } from "../i18n/en";
import { t } from "../i18n/index.svelte";

type Say = (key: Key, words?: Record<string, string>) => string;

const known = (key: string): key is Key => key in en;

/** Who acted, as the beginning of a sentence. */
export function actorOf(entry: AuditEntry, say: Say = t): string {
  const { actor } = entry;
  if (actor === null) return say("audit.gone");
  const name = actor.operator?.name ?? say("audit.gone");
  if (actor.kind === "operator") return name;
  return say(`audit.actor.${actor.kind}`, { name });
}

/** Names of families are the same in every language. */
const FAMILIES: Record<string, string> = { ...browsers, ...platforms };
const YES_OR_NO = new Set(["active", "archived", "shared", "new"]);
/** Whose values are words of ours; all others are what somebody typed. */
const WORDS: Record<string, string> = {
  role: "role",
  language: "language",
  changed: "audit.part",
};

/** A value of an entry in the reader's words. */
export function wordOf(what: string, value: string | null, say: Say = t): string {
  if (value === null || value === "") return say("audit.empty");
  if (what === "browser" || what === "platform") return FAMILIES[value] ?? say("audit.other");
  if (YES_OR_NO.has(what)) return say(value === "true" ? "audit.yes" : "audit.no");
  const word = known(`area.${what}`) ? `level.${value}` : `${WORDS[what]}.${value}`;
  return known(word) ? say(word) : value;
}

export function nameOf(what: string, say: Say = t): string {
  const key = [`audit.what.${what}`, `area.${what}`].find(known);
  return key ? say(key) : what;
}

const CHANGE = /_(changed|renamed|assigned|grouped|topics)$/;
const SUBJECTS = new Set(["widget", "conversation", "snippet", "topic", "title", "shared", "changed"]);

/** What was before and what is now. */
export const changesOf = ({ kind, details }: AuditEntry): AuditDetail[] =>
  CHANGE.test(kind)
    ? details.filter(({ what }) => !SUBJECTS.has(what) && !(what === "group" && kind === "group_renamed"))
    : [];

/** What else it says; a group and a snippet are told by what they are called. */
export const othersOf = (entry: AuditEntry): AuditDetail[] => {
  const changes = changesOf(entry);
  return entry.details.filter(
    (detail) =>
      !changes.includes(detail) && detail.what !== "group" && detail.what !== "snippet" && detail.what !== "topic",
  );
};

/** An entry as a sentence: who did what to whom. */
export function sentenceOf(entry: AuditEntry, say: Say = t): string {
  if (entry.expired) return say("audit.says.expired");
  const actor = actorOf(entry, say);
  const base = `audit.says.${entry.kind}`;
  if (!known(base)) return say("audit.says.unknown", { actor, kind: entry.kind });
  const variant = `${base}.${variantOf(entry)}`;
  const detail = mainOf(entry);
  return say(known(variant) ? variant : base, {
    actor,
    subject: entry.subject?.name ?? say("audit.gone"),
    before: detail ? wordOf(detail.what, detail.before, say) : "",
    after: detail ? wordOf(detail.what, detail.after, say) : "",
    what: changesOf(entry)
      .map((each) => nameOf(each.what, say))
      .join(", "),
  });
}

const MAIN: Record<string, string> = {
  operator_added: "role",
  operator_changed: "role",
  group_added: "name",
  group_renamed: "name",
  group_removed: "name",
  conversation_assigned: "assignee",
  conversation_grouped: "group",
  sign_in_failed: "further",
  code_refused: "further",
  proof_refused: "further",
  recovery_code_used: "left",
  session_ended: "count",
  topic_added: "name",
  topic_removed: "name",
  snippet_added: "title",
  snippet_changed: "title",
  program_made: "program",
  program_removed: "program",
};

const mainOf = (entry: AuditEntry) => entry.details.find((detail) => detail.what === MAIN[entry.kind]);

function variantOf(entry: AuditEntry): string {
  const [only, more] = entry.details;
  const after = mainOf(entry)?.after ?? null;
  switch (entry.kind) {
    case "signed_in":
      return entry.details.some((detail) => detail.what === "new") ? "new" : "";
    case "sign_in_failed":
    case "code_refused":
    case "proof_refused":
      return only ? "further" : "";
    case "session_ended":
      return after === null ? "" : "all";
    case "snippet_added":
    case "snippet_changed":
      return after === null ? "" : "named";
    case "operator_changed":
      if (!only || more) return "";
      if (only.what === "active") return only.after === "true" ? "back" : "left";
      return only.what;
    case "conversation_assigned":
      return after === null ? "nobody" : "";
    case "conversation_left":
      return entry.subject && entry.subject.id === entry.actor?.operator?.id ? "self" : "";
    case "conversation_grouped":
      return after === null ? "everybody" : "";
    case "audit_viewed":
      return entry.subject ? "about" : "";
    case "audit_verified":
      return entry.details.some((detail) => detail.what === "result" && detail.after === "intact") ? "" : "broken";
    default:
      return "";
  }
}
