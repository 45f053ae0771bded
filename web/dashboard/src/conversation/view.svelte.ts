import type { ListName } from "@diskret/api";
import { session } from "../session/session.svelte";
import { remember, remembered } from "../shell/memory";
import { router } from "../shell/router.svelte";
import { type Filter, readFilter, writeFilter } from "./filter";
import { rows } from "./rows.svelte";

/** Where notes name one stands among theirs. */
export type Tab = Exclude<ListName, "mentioned">;

/** Which list stands on the left. Until somebody chooses: theirs, or what nobody has taken yet. */
class View {
  #chosen = $state<Tab | null>(chosenBefore());
  ended = $state(false);

  get lists(): Tab[] {
    return session.seesAll ? ["mine", "unassigned", "all"] : ["mine", "unassigned"];
  }

  get list(): Tab {
    if (this.#chosen && this.lists.includes(this.#chosen)) return this.#chosen;
    return rows.counts.mine === 0 && rows.counts.unassigned > 0 ? "unassigned" : "mine";
  }

  /** What stands in the address: a bookmark of it shows the same again. */
  get filter(): Filter {
    return readFilter(router.search);
  }

  narrow(filter: Filter): void {
    router.narrow(writeFilter(filter));
  }

  choose(list: Tab): void {
    this.#chosen = list;
    remember("list", list);
  }
}

function chosenBefore(): Tab | null {
  const name = remembered("list");
  return name === "mine" || name === "unassigned" || name === "all" ? name : null;
}

export const view = new View();
