import { remember, remembered } from "../shell/memory";

export type Column = "list" | "person";
interface Bounds {
  least: number;
  most: number;
  usual: number;
}

export const bounds: Record<Column, Bounds> = {
  list: { least: 260, most: 520, usual: 344 },
  person: { least: 240, most: 440, usual: 304 },
};

class Columns {
  list = $state(bounds.list.usual);
  person = $state(bounds.person.usual);

  constructor() {
    const [list, person] = (remembered("columns") ?? "").split(" ").map(Number);
    if (list) this.set("list", list, false);
    if (person) this.set("person", person, false);
  }

  set(column: Column, width: number, keep = true): void {
    const { least, most } = bounds[column];
    this[column] = Math.round(Math.min(most, Math.max(least, width)));
    if (keep) remember("columns", `${this.list} ${this.person}`);
  }
}

export const columns = new Columns();
