import type { Stub } from "@diskret/api";
import { expect, it } from "vitest";
import { shownStubs } from "./stub-rule";

const stub = (conversation: string, more: Partial<Stub>): Stub => ({
  conversation,
  state: "erased",
  cause: "operator",
  at: 1,
  erasure: conversation,
  ...more,
});

it("shows what visitors erased and what can be had back, not what a rule or many at once took", () => {
  const all = [
    stub("visitor", { cause: "visitor" }),
    stub("undoable", { state: "hidden" }),
    stub("done", {}),
    stub("kept", { state: "restricted" }),
    stub("rule", { cause: "retention" }),
    stub("rule-held-up", { cause: "retention", state: "hidden" }),
    stub("many-1", { state: "hidden", erasure: "many" }),
    stub("many-2", { state: "hidden", erasure: "many" }),
  ];
  expect(shownStubs(all).map((one) => one.conversation)).toEqual(["visitor", "undoable"]);
});
