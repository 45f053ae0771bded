import type { NewTopic, TopicChange, TopicInfo, TopicRef } from "@diskret/api";
import { Collection } from "../collection.svelte";

/** What conversations can be about. */
class Topics extends Collection<TopicInfo, NewTopic, TopicChange> {
  /** Those that can be given: archived ones stay where they are. */
  get offered(): TopicInfo[] {
    return (this.all ?? []).filter((topic) => !topic.archived).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** As it is called now: a row may have come before it got another name. */
  named(topic: TopicRef): TopicRef {
    return this.all?.find((one) => one.id === topic.id) ?? topic;
  }
}

export const topics = new Topics("/api/topics");
