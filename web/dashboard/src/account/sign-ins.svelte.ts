import type { OwnSession, SecondFactor } from "@diskret/api";
import { call } from "../api";

/** One's own sessions and second factor, as the notices and the account's page show them. */
class SignIns {
  sessions = $state.raw<OwnSession[] | null>(null);
  factor = $state.raw<SecondFactor | null>(null);
  /** Dismissed for as long as the page is open: that a colleague turned the second factor off. */
  resetSeen = $state(false);

  /** Sessions in browsers that are new to somebody; a browser that is new itself judges no other. */
  get strange(): OwnSession[] {
    const all = this.sessions ?? [];
    return all.some((one) => one.current && one.new) ? [] : all.filter((one) => one.new && !one.current);
  }

  get wasReset(): boolean {
    return this.factor?.reset_at != null && !this.resetSeen;
  }

  /** For the notices: failing shows nothing, and the next look tries again. */
  async load(): Promise<void> {
    await this.fetch().catch(() => {});
  }

  async fetch(): Promise<void> {
    const [sessions, factor] = await Promise.all([
      call<OwnSession[]>("GET", "/api/sessions"),
      call<SecondFactor>("GET", "/api/second-factor"),
    ]);
    this.sessions = sessions;
    this.factor = factor;
  }

  async end(one: OwnSession): Promise<void> {
    await call("DELETE", `/api/sessions/${encodeURIComponent(one.id)}`);
    this.sessions = this.sessions?.filter((other) => other.id !== one.id) ?? null;
  }

  async endOthers(): Promise<void> {
    await call("DELETE", "/api/sessions");
    this.sessions = this.sessions?.filter((one) => one.current) ?? null;
  }

  async recognise(one: OwnSession): Promise<void> {
    await call("PATCH", `/api/sessions/${encodeURIComponent(one.id)}`, { mine: true });
    this.sessions = this.sessions?.map((other) => (other.id === one.id ? { ...other, new: false } : other)) ?? null;
  }
}

export const signIns = new SignIns();
