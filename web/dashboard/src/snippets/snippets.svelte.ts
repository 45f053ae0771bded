import type { NewSnippet, SnippetChange, SnippetInfo } from "@diskret/api";
import { call } from "../api";

const path = (id: string) => `/api/snippets/${encodeURIComponent(id)}`;

/** The shared snippets and one's own, as the server last told them. */
class Snippets {
  all = $state.raw<SnippetInfo[] | null>(null);
  failed = $state(false);

  async load(): Promise<void> {
    this.failed = false;
    try {
      this.all = await call<SnippetInfo[]>("GET", "/api/snippets");
    } catch {
      this.failed = this.all === null;
    }
  }

  async add(snippet: NewSnippet): Promise<void> {
    const added = await call<SnippetInfo>("POST", "/api/snippets", snippet);
    this.all = [...(this.all ?? []), added];
  }

  async change(id: string, change: SnippetChange): Promise<void> {
    const changed = await call<SnippetInfo>("PATCH", path(id), change);
    this.all = this.all?.map((one) => (one.id === id ? changed : one)) ?? null;
  }

  async remove(id: string): Promise<void> {
    await call("DELETE", path(id));
    this.all = this.all?.filter((one) => one.id !== id) ?? null;
  }
}

export const snippets = new Snippets();
