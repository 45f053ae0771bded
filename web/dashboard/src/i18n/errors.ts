import type { Problem } from "@diskret/api";
import { t } from "./index.svelte";

/** What happened, what it means, what to do: in the reader's language, whatever the server said. */
export function explain(problem: Problem): string {
  const { status, detail, title } = problem;
  if (status === 0) return t("error.network");
  if (status === 403) return t("error.forbidden");
  if (status === 404 || status === 410) return t("error.not_found");
  if (status === 409 || status === 412) return t("error.conflict");
  if (status === 429) return t("error.limited");
  if (status >= 500) return t("error.server");
  return t("error.other", { detail: detail || title });
}
