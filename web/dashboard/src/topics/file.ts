import type { ConversationSummary, TopicRef } from "@diskret/api";
import { put } from "../conversation/actions";
import { run } from "../conversation/bulk";
import { t, tn } from "../i18n/index.svelte";
import { toasts } from "../shell/toasts.svelte";

/** As many as one conversation can have. */
export const MOST = 5;

export const isAbout = (row: ConversationSummary, topic: TopicRef): boolean =>
  row.topics.some((one) => one.id === topic.id);

const without = (row: ConversationSummary, topic: TopicRef) => row.topics.filter((one) => one.id !== topic.id);

/** Only what is added or taken away is said: what a colleague files at the same moment stays. */
function set(row: ConversationSummary, topic: TopicRef, is: boolean, quiet = false): Promise<boolean> {
  const { id, name, colour } = topic;
  const topics = is ? [...without(row, topic), { id, name, colour }] : without(row, topic);
  return put(row.id, "topics", is ? { add: [id] } : { remove: [id] }, { topics }, quiet, "PATCH");
}

export async function addTopic(row: ConversationSummary, topic: TopicRef): Promise<void> {
  if (isAbout(row, topic) || !(await set(row, topic, true))) return;
  toasts.show(t("topics.added", { name: topic.name }), () => void set(row, topic, false));
}

export async function removeTopic(row: ConversationSummary, topic: TopicRef): Promise<void> {
  if (!isAbout(row, topic) || !(await set(row, topic, false))) return;
  toasts.show(t("topics.removed", { name: topic.name }), () => void set(row, topic, true));
}

export function addToAll(all: ConversationSummary[], topic: TopicRef): Promise<void> {
  return run(
    all.filter((row) => !isAbout(row, topic)),
    (row) => set(row, topic, true, true),
    (row) => set(row, topic, false, true),
    (n) => tn("bulk.filed", n, { name: topic.name }),
  );
}
