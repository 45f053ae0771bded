import type { HoldInfo, HoldReason, NewHold } from "@diskret/api";
import { call } from "../api";
import { toField as momentToField } from "../snooze/times";
import { letterUntil } from "./due";

export const reasons: readonly HoldReason[] = ["business_letter", "claim", "legal_duty", "authority"];

/** Until when it is kept if nobody says otherwise. */
export function proposed(reason: HoldReason, now: Date): Date {
  if (reason === "business_letter") return letterUntil(now);
  return new Date(now.getFullYear() + (reason === "claim" ? 3 : 1), now.getMonth(), now.getDate());
}

export const toField = (date: Date): string => momentToField(date).slice(0, 10);

/** A day that was chosen, as the moment it begins here; null where it is none to come. */
export function fromField(value: string, now: Date): Date | null {
  const [year = 0, month = 0, day = 0] = value.split("-").map(Number);
  const date = new Date(year, month - 1, day);
  return /^\d{4}-\d{2}-\d{2}$/.test(value) && date.getDate() === day && date > now ? date : null;
}

/** A conversation's number in what somebody typed or pasted: the number, or the address of the conversation. */
export function numberIn(text: string): string | null {
  const found = text.toLowerCase().match(/(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])/g) ?? [];
  return found.length === 1 ? (found[0] ?? null) : null;
}

export const hold = (one: NewHold): Promise<HoldInfo> => call<HoldInfo>("POST", "/api/holds", one);

export const endHold = (id: string): Promise<void> => call("DELETE", `/api/holds/${encodeURIComponent(id)}`);
