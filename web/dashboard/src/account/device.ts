import type { Browser, OwnSession, Platform } from "@diskret/api";
import { t } from "../i18n/index.svelte";

export const browsers: Record<Exclude<Browser, "other">, string> = {
  chrome: "Chrome",
  edge: "Edge",
  firefox: "Firefox",
  opera: "Opera",
  safari: "Safari",
};
export const platforms: Record<Exclude<Platform, "other">, string> = {
  android: "Android",
  ios: "iOS",
  linux: "Linux",
  mac: "macOS",
  windows: "Windows",
};

/** "Firefox on Linux". Names are the same in every language. */
export function deviceOf({ browser, platform }: OwnSession): string {
  const name = browser === "other" ? t("account.browser") : browsers[browser];
  return platform === "other" ? name : t("account.device", { browser: name, platform: platforms[platform] });
}
