import type { GroupInfo } from "@diskret/api";
import { call } from "../api";

/** Whose conversations can be handed to whom, besides people. */
class Groups {
  all = $state.raw<GroupInfo[]>([]);

  /** Without them there is nobody to hand to; everything else goes on. */
  async load(): Promise<void> {
    try {
      this.all = await call<GroupInfo[]>("GET", "/api/groups");
    } catch {
      // What was known stays.
    }
  }
}

export const groups = new Groups();
