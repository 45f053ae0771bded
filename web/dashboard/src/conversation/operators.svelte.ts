import type { GroupInfo, OperatorInfo } from "@diskret/api";
import { call } from "../api";

/** Roles that no conversation can be given to. */
const READS_NO_CONVERSATION: readonly string[] = ["officer", "analyst"];

class Operators {
  all = $state.raw<OperatorInfo[] | null>(null);
  groups = $state.raw<GroupInfo[]>([]);
  failed = $state(false);

  /** To whom a conversation can be given; asked anew each time, since who is online changes. */
  async load(): Promise<void> {
    this.failed = false;
    try {
      const [all, groups] = await Promise.all([
        call<OperatorInfo[]>("GET", "/api/operators"),
        call<GroupInfo[]>("GET", "/api/groups"),
      ]);
      this.all = all.filter((operator) => operator.active && !READS_NO_CONVERSATION.includes(operator.role));
      this.groups = groups.sort((one, other) => one.name.localeCompare(other.name));
    } catch {
      this.failed = this.all === null;
    }
  }
}

export const operators = new Operators();
