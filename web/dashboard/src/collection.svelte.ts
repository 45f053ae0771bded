import { call } from "./api";

/** What an organisation keeps under an address of the API, as the server last told it. */
export class Collection<Info extends { id: string }, New, Change> {
  all = $state.raw<Info[] | null>(null);
  failed = $state(false);

  constructor(private readonly path: string) {}

  async load(): Promise<void> {
    this.failed = false;
    try {
      this.all = await call<Info[]>("GET", this.path);
    } catch {
      this.failed = this.all === null;
    }
  }

  async add(one: New): Promise<void> {
    const added = await call<Info>("POST", this.path, one);
    this.all = [...(this.all ?? []), added];
  }

  async change(id: string, change: Change): Promise<void> {
    const changed = await call<Info>("PATCH", this.pathOf(id), change);
    this.all = this.all?.map((one) => (one.id === id ? changed : one)) ?? null;
  }

  async remove(id: string): Promise<void> {
    await call("DELETE", this.pathOf(id));
    this.all = this.all?.filter((one) => one.id !== id) ?? null;
  }

  private pathOf(id: string): string {
    return `${this.path}/${encodeURIComponent(id)}`;
  }
}
