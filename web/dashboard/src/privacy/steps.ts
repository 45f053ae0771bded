import type { Erasure } from "@diskret/api";
import type { Key } from "../i18n/en";

export interface Step {
  key: Key;
  at: number | null;
}

/** What has to happen until something is gone everywhere, and when it did. */
export function steps(erasure: Erasure): Step[] {
  if (erasure.state === "undone") return [];
  const names = ["shredded", "purged", "placed", "done"] as const;
  return names.map((name) => ({ key: `erasures.step.${name}`, at: erasure[`${name}_at`] ?? null }));
}

export const isOpen = ({ state }: Erasure): boolean => state === "waiting" || state === "braked";

const DAY_MS = 24 * 3_600_000;

/** Nobody lets their own go on, but for the owner when a day has passed. */
export const mayRelease = (erasure: Erasure, me: { id: string; role: string }, nowMs: number): boolean =>
  erasure.state === "braked" &&
  (erasure.requested_by?.id !== me.id || (me.role === "owner" && erasure.requested_at / 1000 + DAY_MS <= nowMs));

/** The number as people say it: the first characters, as those of conversations. */
export const numberOf = (id: string): string => id.slice(0, 8).toUpperCase();
