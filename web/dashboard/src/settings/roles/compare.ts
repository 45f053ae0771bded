import type { Level, RightsInfo } from "@diskret/api";

export type Area = keyof RightsInfo;
/** In the order in which they are shown. */
export const areas = [
  "conversations",
  "snippets",
  "team",
  "widgets",
  "audit",
  "programs",
  "erasing",
  "privacy",
  "installation",
] as const satisfies readonly Area[];

const LEVELS: Level[] = ["off", "read", "write"];
const REACHES = ["own", "group", "all"];

export function levelOf(rights: RightsInfo, area: Area): Level {
  return area === "conversations" ? rights.conversations.level : rights[area];
}

/** What another role changes in an area: more is allowed, less, or nothing any more. */
export type Change = "gains" | "keeps" | "loses";

export function compare(from: RightsInfo, to: RightsInfo): { area: Area; change: Change }[] {
  return areas.flatMap((area) => {
    const [before, after] = [rank(from, area), rank(to, area)];
    if (before === after) return [];
    const change = levelOf(to, area) === "off" ? "loses" : after > before ? "gains" : "keeps";
    return [{ area, change } as const];
  });
}

function rank(rights: RightsInfo, area: Area): number {
  const level = LEVELS.indexOf(levelOf(rights, area)) * REACHES.length;
  return area === "conversations" && level > 0 ? level + REACHES.indexOf(rights.conversations.reach) : level;
}
