import type { Key } from "../i18n/en";

interface Fields {
  shortcut: string;
  title: string;
  de: string;
  en: string;
}

/** What is wrong with a snippet before it is sent, by field. */
export function problemsOf(fields: Fields): { shortcut?: Key; title?: Key; wording?: Key } {
  const problems: ReturnType<typeof problemsOf> = {};
  if (!/^[\p{L}\p{N}_-]+$/u.test(fields.shortcut.trim())) problems.shortcut = "snippets.shortcut.wrong";
  if (!fields.title.trim()) problems.title = "snippets.about.missing";
  if (!fields.de.trim() && !fields.en.trim()) problems.wording = "snippets.text.missing";
  return problems;
}
