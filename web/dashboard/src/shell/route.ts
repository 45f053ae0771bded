export const settings = [
  "widget",
  "team",
  "roles",
  "programs",
  "snippets",
  "topics",
  "attention",
  "audit",
  "account",
  "recorded",
] as const;
export type Setting = (typeof settings)[number];

export const privacyParts = ["overview", "retention", "erasures", "holds", "copies"] as const;
export type PrivacyPart = (typeof privacyParts)[number];

export type Route =
  | { name: "messages"; conversation: string | null; person: boolean }
  | { name: Setting }
  | { name: "privacy"; part: PrivacyPart; id: string | null }
  | { name: "receipt" }
  | { name: "recovery-key" }
  | { name: "sign-in"; to: string; expired: boolean }
  | { name: "setup" }
  | { name: "link" }
  | { name: "unknown" };

export function parse(pathname: string, search: string): Route {
  const parts = pathname.split("/").filter(Boolean).map(decode);
  const [first, second, third] = parts;
  if (first === undefined) return { name: "messages", conversation: null, person: false };
  if (first === "conversations" && second && parts.length <= 3 && (third === undefined || third === "person"))
    return { name: "messages", conversation: second, person: third === "person" };
  if (first === "settings") {
    const page = parts.slice(1).join("/");
    if (page === "" || page === "widget") return { name: "widget" };
    if (page === "team") return { name: "team" };
    if (page === "team/roles") return { name: "roles" };
    if (page === "programs") return { name: "programs" };
    if (page === "snippets") return { name: "snippets" };
    if (page === "topics") return { name: "topics" };
    if (page === "notifications") return { name: "attention" };
    if (page === "audit") return { name: "audit" };
    if (page === "account") return { name: "account" };
    if (page === "recorded") return { name: "recorded" };
    if (page === "recovery-key") return { name: "recovery-key" };
  }
  if (first === "privacy" && parts.length <= 3) {
    const part = second === undefined ? "overview" : privacyParts.find((one) => one === second);
    if (part && (third === undefined || part === "erasures")) return { name: "privacy", part, id: third ?? null };
  }
  if (parts.length === 1 && first === "receipt") return { name: "receipt" };
  if (parts.length === 1 && first === "link") return { name: "link" };
  if (parts.length === 1 && first === "setup") return { name: "setup" };
  if (parts.length === 1 && first === "sign-in") {
    const words = new URLSearchParams(search);
    return { name: "sign-in", to: inside(words.get("to")), expired: words.has("expired") };
  }
  return { name: "unknown" };
}

export const settingPaths: Record<Setting, string> = {
  widget: "/settings/widget",
  team: "/settings/team",
  roles: "/settings/team/roles",
  programs: "/settings/programs",
  snippets: "/settings/snippets",
  topics: "/settings/topics",
  attention: "/settings/notifications",
  audit: "/settings/audit",
  account: "/settings/account",
  recorded: "/settings/recorded",
};

export function privacyPath(part: PrivacyPart, id?: string): string {
  const path = part === "overview" ? "/privacy" : `/privacy/${part}`;
  return id === undefined ? path : `${path}/${encodeURIComponent(id)}`;
}

export function conversationPath(id: string, person = false): string {
  return `/conversations/${encodeURIComponent(id)}${person ? "/person" : ""}`;
}

/**
 * Only a path of this app may be returned to: anything else would let a link lead elsewhere, or nowhere. Judged as a browser
 * reads it, which takes `/\x` and a slash, a tab and a slash for another place, and `/.//x` for a path that is one.
 */
export function inside(to: string | null): string {
  const here = "http://here";
  if (!to?.startsWith("/") || !URL.canParse(to, here)) return "/";
  const { origin, pathname, search } = new URL(to, here);
  return origin !== here || pathname.startsWith("//") || pathname === "/sign-in" ? "/" : pathname + search;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
