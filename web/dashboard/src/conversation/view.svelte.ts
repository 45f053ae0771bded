import type { ConversationSummary, GroupRef, ListName } from "@diskret/api";
import { session } from "../session/session.svelte";
import { remember, remembered } from "../shell/memory";
import { router } from "../shell/router.svelte";
import { type Filter, readFilter, writeFilter } from "./filter";
import { rows } from "./rows.svelte";

/** Which list stands on the left. Until somebody chooses: theirs, or what nobody has taken yet. */
class View {
  #chosen = $state<ListName | null>(chosenBefore());
  ended = $state(false);
  #group = $state<string | null>(null);

  /** Which group's conversations are shown; all where there is none, or none left to choose. */
  get group(): string | null {
    return this.groups.some((group) => group.id === this.#group) ? this.#group : null;
  }
  set group(id: string | null) {
    this.#group = id;
  }

  get lists(): ListName[] {
    return session.seesAll ? ["mine", "unassigned", "all"] : ["mine", "unassigned"];
  }

  get list(): ListName {
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

  choose(list: ListName): void {
    this.#chosen = list;
    remember("list", list);
  }
}

function chosenBefore(): ListName | null {
  const name = remembered("list");
  return name === "mine" || name === "unassigned" || name === "all" ? name : null;
}

export const view = new View();
