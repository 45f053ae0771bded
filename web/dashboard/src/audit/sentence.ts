import type { AuditDetail, AuditEntry } from "@diskret/api";
import { type Key, en } from "../i18n/en";
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

/** A value of an entry in the reader's words. */
export function valueOf(what: string, value: string | null, say: Say = t): string {
  if (value === null || value === "") return say("audit.empty");
  if (what === "active") return say(value === "true" ? "audit.yes" : "audit.no");
  const word = `${what}.${value}`;
  return (what === "role" || what === "language") && known(word) ? say(word) : value;
}

export function nameOf(what: string, say: Say = t): string {
  const key = `audit.what.${what}`;
  return known(key) ? say(key) : what;
}

/** What changed, apart from what it is about. */
export const changesOf = (entry: AuditEntry): AuditDetail[] =>
  entry.details.filter((detail) => !["widget", "conversation", "group"].includes(detail.what) || detail.before !== null);

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
    before: detail ? valueOf(detail.what, detail.before, say) : "",
    after: detail ? valueOf(detail.what, detail.after, say) : "",
    what: changesOf(entry).map((each) => nameOf(each.what, say)).join(", "),
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
};

const mainOf = (entry: AuditEntry) => entry.details.find((detail) => detail.what === MAIN[entry.kind]);

function variantOf(entry: AuditEntry): string {
  const [only, more] = entry.details;
  const after = mainOf(entry)?.after ?? null;
  switch (entry.kind) {
    case "sign_in_failed":
      return only ? "further" : "";
    case "operator_changed":
      if (!only || more) return "";
      if (only.what === "active") return only.after === "true" ? "back" : "left";
      return only.what;
    case "conversation_assigned":
      return after === null ? "nobody" : "";
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
