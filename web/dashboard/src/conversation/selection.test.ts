import { beforeEach, describe, expect, it } from "vitest";
import { selection } from "./selection.svelte";

const list = ["a", "b", "c", "d", "e"];
const chosen = () => [...selection.ids].sort().join("");

describe("choosing rows", () => {
  beforeEach(() => selection.clear());

  it("adds and takes away one by one", () => {
    selection.toggle("b");
    selection.toggle("d");
    selection.toggle("b");
    expect(chosen()).toBe("d");
  });
  it("reaches from the last one chosen, in both directions", () => {
    selection.toggle("d");
    selection.extend("b", list);
    expect(chosen()).toBe("bcd");
    selection.extend("e", list);
    expect(chosen()).toBe("bcde");
  });
  it("begins a reach where nothing was chosen, or where that has left the list", () => {
    selection.extend("c", list);
    expect(chosen()).toBe("c");
    selection.extend("e", ["d", "e"]);
    expect(chosen()).toBe("ce");
  });
  it("lets go of what is no longer in the list", () => {
    for (const id of ["a", "b", "c"]) selection.toggle(id);
    selection.keep(new Set(["b", "e"]));
    expect(chosen()).toBe("b");
  });
});
