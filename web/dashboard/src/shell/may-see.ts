import { session } from "../session/session.svelte";
import type { PrivacyPart, Setting } from "./route";

/** What a role may not see is not offered. Which roles there are concerns everybody: it says what one may do oneself; and everybody has an account, and sees what is recorded about them. */
export function maySee(setting: Setting): boolean {
  if (setting === "roles" || setting === "account" || setting === "recorded") return true;
  if (setting === "attention") return session.canRead;
  if (setting === "topics") return session.level("snippets") !== "off";
  return session.level(setting === "widget" ? "widgets" : setting) !== "off";
}

/** Erasures are a right of their own, beside that of the rest of the privacy centre. */
export function maySeePrivacy(part: PrivacyPart): boolean {
  if (part === "erasures") return session.level("erasing") !== "off";
  return session.level("privacy") !== "off";
}

export const mayErase = (): boolean => session.level("erasing") === "write";
