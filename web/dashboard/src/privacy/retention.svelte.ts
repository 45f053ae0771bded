import type {
  Retention,
  RetentionPreview,
  RetentionRule,
  RetentionTonight,
  TopicRef,
  WantedRule,
  WidgetRef,
} from "@diskret/api";
import { asProblem, call } from "../api";
import { onDay } from "../i18n/dates.svelte";
import { explain } from "../i18n/errors";
import { t, tn } from "../i18n/index.svelte";
import { session } from "../session/session.svelte";
import { inWords } from "./due";

export type Scope = Pick<RetentionRule, "kind" | "widget" | "topic">;

/** How long things are kept, as the server last told it, and what widgets and topics are called. */
class Kept {
  now = $state.raw<Retention | null>(null);
  failed = $state("");
  widgets = $state.raw<WidgetRef[]>([]);
  topics = $state.raw<TopicRef[]>([]);

  async load(): Promise<void> {
    this.failed = "";
    const named = async <T>(path: string, sees: boolean) => (sees ? call<T[]>("GET", path).catch(() => []) : []);
    try {
      const [now, widgets, topics] = await Promise.all([
        call<Retention>("GET", "/api/retention"),
        named<WidgetRef>("/api/widgets", session.level("widgets") !== "off"),
        named<TopicRef>("/api/topics", session.level("snippets") !== "off"),
      ]);
      [this.now, this.widgets, this.topics] = [now, widgets, topics];
    } catch (error) {
      this.failed = explain(asProblem(error));
    }
  }

  async set(rule: WantedRule): Promise<void> {
    await call<RetentionPreview>("PUT", "/api/retention/rules", rule);
    await this.load();
  }

  preview(rule: WantedRule): Promise<RetentionPreview> {
    return call<RetentionPreview>("POST", "/api/retention/preview", rule);
  }

  /** What a rule is for. */
  scope({ widget, topic }: Scope): string {
    const name = (all: { id: string; name: string }[], id: string) =>
      all.find((one) => one.id === id)?.name ?? t("retention.gone");
    if (topic) return t("retention.topic", { name: name(this.topics, topic) });
    return widget ? t("retention.widget", { name: name(this.widgets, widget) }) : t("retention.everything");
  }
}

export const kept = new Kept();

export function duration(days: number): string {
  const { n, unit } = inWords(days);
  return tn(`retention.in_${unit}`, n);
}

/** Of which widgets they are, and how old the oldest is. */
export function whereFrom({ by_widget: widgets, oldest_at: oldest }: RetentionPreview | RetentionTonight): string {
  const parts = widgets.map((one) => t("overview.tonight.in", { n: one.conversations, widget: one.widget.name }));
  if (oldest !== null) parts.push(t("overview.tonight.oldest", { date: onDay(oldest) }));
  return parts.join(" · ");
}
