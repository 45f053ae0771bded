import type { Problem } from "@diskret/api";
import type { Key } from "./en";
import { t } from "./index.svelte";

/** How the server begins what it says of a refusal that somebody at the dashboard can cause, and our words for it. */
export const REFUSALS: readonly [string, Key][] = [
  ["must not be empty", "refused.empty"],
  ["must be at most {n} characters long", "refused.long"],
  ["must not contain control characters", "refused.control"],
  ["the body must be at most 64 KiB", "refused.large"],
  ["there is a group of this name", "refused.group_name"],
  ["there is nobody of this name", "refused.nobody"],
  ["they do not work here any more", "refused.nobody"],
  ["their role does not allow them to", "refused.role"],
  ["there is no such group", "refused.gone"],
  ["there is no such topic", "refused.gone"],
  ["must be a moment to come", "refused.moment"],
  ["as many colleagues as can be", "refused.guests"],
  ["a conversation has at most {n} topics", "refused.topics"],
  ["the conversation is over", "refused.over"],
  ["must be less than until the conversation ends", "quiet.ask.wrong"],
  ["the visitor has read it", "edit.too_late"],
  ["this is not your password", "account.current.wrong"],
  ["this code is not right", "factor.code.wrong"],
  ["your second factor is on", "factor.code.wrong"],
  ["change your own password in your account", "refused.own_password"],
  ["turn your own off in your account", "refused.own_factor"],
  ["you have a second factor already", "refused.has_factor"],
  ["your password or second factor was changed", "refused.begin_anew"],
  ["this browser is new itself", "refused.new_browser"],
  ["it was added here", "refused.new_browser"],
  ["there are 100 programs", "refused.programs"],
  ["conversations are or were about this topic", "refused.topic_used"],
];

/** What happened, what it means, what to do: in the reader's language, whatever the server said. */
export function explain(problem: Problem): string {
  const { status, detail, title } = problem;
  if (status === 0) return t("error.network");
  if (status === 403) return t("error.forbidden");
  if (status === 404 || status === 410) return t("error.not_found");
  if (status === 429) return t("error.limited");
  if (status >= 500) return t("error.server");
  const n = /\d+/.exec(detail ?? "")?.[0] ?? "";
  const known = REFUSALS.find(([begins]) => detail?.startsWith(begins.replace("{n}", n)));
  if (known) return t(known[1], { n });
  if (status === 409 || status === 412) return t("error.conflict");
  return t("error.other", { detail: detail || title });
}
