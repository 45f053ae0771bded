import type { SessionInfo } from "@diskret/api";
import type { Key } from "../i18n/en";

type Rights = SessionInfo["rights"];
interface Page {
  name: "widget" | "snippets" | "attention";
  path: string;
  title: Key;
  open: (rights: Rights) => boolean;
}

const all: Page[] = [
  {
    name: "snippets",
    path: "/settings/snippets",
    title: "snippets.title",
    open: (rights) => rights.snippets !== "off",
  },
  {
    name: "attention",
    path: "/settings/notifications",
    title: "attention.title",
    open: (rights) => rights.conversations.level !== "off",
  },
  { name: "widget", path: "/settings/widget", title: "widget.title", open: (rights) => rights.widgets !== "off" },
];

/** The pages of the settings that somebody may open. */
export function settingsPages(rights: Rights | undefined): Page[] {
  return rights ? all.filter((page) => page.open(rights)) : [];
}
