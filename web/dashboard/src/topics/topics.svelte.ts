import type { NewTopic, TopicChange, TopicInfo, TopicRef } from "@diskret/api";
import { call } from "../api";

const path = (id: string) => `/api/topics/${encodeURIComponent(id)}`;

/** What conversations can be about, as the server last told it. */
class Topics {
  all = $state.raw<TopicInfo[] | null>(null);
  failed = $state(false);

  /** Those that can be given: archived ones stay where they are. */
  get offered(): TopicInfo[] {
    return (this.all ?? []).filter((topic) => !topic.archived).sort((a, b) => a.name.localeCompare(b.name));
  }

  async load(): Promise<void> {
    this.failed = false;
    try {
      this.all = await call<TopicInfo[]>("GET", "/api/topics");
    } catch {
      this.failed = this.all === null;
    }
  }

  async add(topic: NewTopic): Promise<void> {
    const added = await call<TopicInfo>("POST", "/api/topics", topic);
    this.all = [...(this.all ?? []), added];
  }

  async change(id: string, change: TopicChange): Promise<void> {
    const changed = await call<TopicInfo>("PATCH", path(id), change);
    this.all = this.all?.map((one) => (one.id === id ? changed : one)) ?? null;
  }

  async remove(id: string): Promise<void> {
    await call("DELETE", path(id));
    this.all = this.all?.filter((one) => one.id !== id) ?? null;
  }

  /** As it is called now: a row may have come before it got another name. */
  named(topic: TopicRef): TopicRef {
    return this.all?.find((one) => one.id === topic.id) ?? topic;
  }
}

export const topics = new Topics();
