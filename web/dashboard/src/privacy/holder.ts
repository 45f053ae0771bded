import { t } from "../i18n/index.svelte";

/** What people call a holder of keys: a place by its name, a server by its number. */
export function holderName(holder: string): string {
  const [kind, name] = holder.split(":", 2);
  if (name === undefined) return holder;
  return kind === "node" ? t("holder.node", { n: name }) : name;
}
