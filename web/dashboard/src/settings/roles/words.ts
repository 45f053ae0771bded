import type { RightsInfo, Role } from "@diskret/api";
import { i18n, t } from "../../i18n/index.svelte";
import { type Area, areas, compare, levelOf } from "./compare";

/** "answer all conversations": what is allowed in an area, or what is not, as the end of a sentence. */
function phrase(rights: RightsInfo, area: Area): string {
  if (area !== "conversations") return t(`right.${area}.${rights[area]}`);
  const { level, reach } = rights.conversations;
  return level === "off" ? t("right.conversations.off") : t(`right.conversations.${level}.${reach}`);
}

/** A role in words, put together from its rights, so that it says what they are; and what its name promises too early. */
export function sentence(rights: RightsInfo, role: Role): string {
  const where = (allowed: boolean) => areas.filter((area) => (levelOf(rights, area) !== "off") === allowed);
  const [can, cannot] = [where(true), where(false)].map((some) => some.map((area) => phrase(rights, area)));
  const parts: string[] = [];
  if (can?.length) parts.push(t("role.can", { what: listed(can, "conjunction") }));
  if (cannot?.length) parts.push(t("role.cannot", { what: listed(cannot, "disjunction") }));
  if (role === "analyst") parts.push(t("role.analyst.yet"));
  return parts.join(" ");
}

/** What somebody gains and loses with another role. */
export function differences(from: RightsInfo, to: RightsInfo): { area: Area; more: boolean; text: string }[] {
  return compare(from, to).map(({ area, change }) => {
    const what = phrase(change === "loses" ? from : to, area);
    return { area, more: change === "gains", text: t(`role.${change}`, { what }) };
  });
}

function listed(words: string[], type: "conjunction" | "disjunction"): string {
  return new Intl.ListFormat(i18n.locale, { type }).format(words);
}
