import type { OperatorInfo } from "@diskret/api";
import { call } from "../api";

/** Roles that no conversation can be given to. */
const READS_NO_CONVERSATION: readonly string[] = ["officer", "analyst"];

class Operators {
  all = $state.raw<OperatorInfo[] | null>(null);
  failed = $state(false);

  /** Those who can look after a conversation; asked anew each time, since who is online changes. */
  async load(): Promise<void> {
    this.failed = false;
    try {
      const all = await call<OperatorInfo[]>("GET", "/api/operators");
      this.all = all.filter((operator) => operator.active && !READS_NO_CONVERSATION.includes(operator.role));
    } catch {
      this.failed = this.all === null;
    }
  }
}

export const operators = new Operators();
