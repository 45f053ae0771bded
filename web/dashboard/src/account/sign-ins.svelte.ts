import type { OwnSession, Passkey, SecondFactor } from "@diskret/api";
import { call } from "../api";

/** One's own sessions, passkeys and second factor, as the notices and the account's page show them. */
class SignIns {
  sessions = $state.raw<OwnSession[] | null>(null);
  factor = $state.raw<SecondFactor | null>(null);
  passkeys = $state.raw<Passkey[] | null>(null);
  /** Removed elsewhere while this page was open. */
  gone = $state.raw<Passkey[]>([]);
  #removing = new Set<string>();
  /** Dismissed for as long as the page is open: that a colleague turned the second factor off. */
  resetSeen = $state(false);

  /** Sessions in browsers that are new to somebody; a browser that is new itself judges no other. */
  get strange(): OwnSession[] {
    const all = this.sessions ?? [];
    return all.some((one) => one.current && one.new) ? [] : all.filter((one) => one.new && !one.current);
  }

  /** Passkeys that somebody added elsewhere; a browser that is new itself judges none. */
  get strangePasskeys(): Passkey[] {
    if (this.sessions?.some((one) => one.current && one.new)) return [];
    return (this.passkeys ?? []).filter((one) => one.new);
  }

  get copied(): Passkey[] {
    return (this.passkeys ?? []).filter((one) => one.copied);
  }

  get wasReset(): boolean {
    return this.factor?.reset_at != null && !this.resetSeen;
  }

  /** Whether there is something to tell. */
  get tell(): boolean {
    return (
      this.strange.length + this.strangePasskeys.length + this.copied.length + this.gone.length > 0 || this.wasReset
    );
  }

  /** For the notices: failing shows nothing, and the next look tries again. */
  async load(): Promise<void> {
    await this.fetch().catch(() => {});
  }

  async fetch(): Promise<void> {
    const [sessions, factor, passkeys] = await Promise.all([
      call<OwnSession[]>("GET", "/api/sessions"),
      call<SecondFactor>("GET", "/api/second-factor"),
      call<Passkey[]>("GET", "/api/passkeys"),
    ]);
    const stay = new Set([...passkeys.map((one) => one.id), ...this.#removing]);
    this.gone = [...this.gone, ...(this.passkeys ?? []).filter((one) => !stay.has(one.id))];
    this.sessions = sessions;
    this.factor = factor;
    this.passkeys = passkeys.filter((one) => !this.#removing.has(one.id));
  }

  async end(one: OwnSession): Promise<void> {
    await call("DELETE", `/api/sessions/${encodeURIComponent(one.id)}`);
    this.sessions = this.sessions?.filter((other) => other.id !== one.id) ?? null;
  }

  async endOthers(): Promise<void> {
    await call("DELETE", "/api/sessions");
    this.sessions = this.sessions?.filter((one) => one.current) ?? null;
  }

  addPasskey(added: Passkey): void {
    this.passkeys = [...(this.passkeys ?? []).filter((one) => one.id !== added.id), added];
  }

  async renamePasskey(one: Passkey, name: string): Promise<void> {
    await call("PATCH", `/api/passkeys/${encodeURIComponent(one.id)}`, { name });
    this.#changePasskey({ ...one, name: name.trim() });
  }

  async recognisePasskey(one: Passkey): Promise<void> {
    await call("PATCH", `/api/passkeys/${encodeURIComponent(one.id)}`, { mine: true });
    this.#changePasskey({ ...one, new: false });
  }

  /** Known to be going before it is gone: the news of it may come before the answer. */
  async removePasskey(one: Passkey): Promise<void> {
    this.#removing.add(one.id);
    try {
      await call("DELETE", `/api/passkeys/${encodeURIComponent(one.id)}`);
      this.passkeys = this.passkeys?.filter((other) => other.id !== one.id) ?? null;
    } catch (error) {
      this.#removing.delete(one.id);
      throw error;
    }
  }

  #changePasskey(changed: Passkey): void {
    this.passkeys = this.passkeys?.map((one) => (one.id === changed.id ? changed : one)) ?? null;
  }

  async recognise(one: OwnSession): Promise<void> {
    await call("PATCH", `/api/sessions/${encodeURIComponent(one.id)}`, { mine: true });
    this.sessions = this.sessions?.map((other) => (other.id === one.id ? { ...other, new: false } : other)) ?? null;
  }
}

export const signIns = new SignIns();
