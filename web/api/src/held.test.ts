import { describe, expect, it } from "vitest";
import { Held, Source } from "./held";
import type { ServerFrame } from "./index";

const said = (conversation: string, sequence: number) => ({ type: "message", conversation, sequence }) as ServerFrame;
const accepted = (conversation: string, sequence: number) =>
  ({ type: "accepted", conversation, sequence, counter: 1, at: 1 }) as ServerFrame;
const current = (conversation: string, last: number) =>
  ({ type: "current", conversation, last_sequence: last }) as ServerFrame;
const row = (position: number) => ({ type: "conversation", position }) as ServerFrame;
const counts = { type: "counts", all: 0, mine: 0, unassigned: 0 } as ServerFrame;
const problem = (more: object) =>
  ({ type: "problem", code: "forbidden", detail: "", fatal: false, ...more }) as ServerFrame;
const welcome = (more: object) => ({ type: "welcome", position: 0, ...more }) as ServerFrame & { type: "welcome" };

function visitor(after?: number): Held {
  const held = new Held();
  held.greet({ type: "hello", protocol: 1, sender: "00", widget: "w", after });
  return held;
}
function operator(position?: number): Held {
  const held = new Held();
  held.greet({ type: "hello", protocol: 1, sender: "00", position });
  return held;
}
const after = (held: Held) => held.hello()?.after;

describe("what a visitor holds", () => {
  it("moves on with every entry that follows the last", () => {
    const held = visitor(3);
    const source = new Source(held);
    for (const frame of [said("c", 4), accepted("c", 5), said("c", 6)]) source.note(frame);
    expect(after(held)).toBe(6);
  });

  it("does not move over a gap until the server says that nothing is missing", () => {
    const held = visitor(3);
    const source = new Source(held);
    source.note(said("c", 5));
    source.note(said("c", 6));
    expect(after(held)).toBe(3);
    source.note(current("c", 6));
    expect(after(held)).toBe(6);
  });

  it("is not moved over a gap by two requests side by side", () => {
    const held = visitor(3);
    const [open, brief] = [new Source(held), new Source(held)];
    brief.note(accepted("c", 5)); // 4 is on its way through the open one
    expect(after(held)).toBe(3);
    open.note(said("c", 4));
    expect(after(held)).toBe(4);
    open.note(said("c", 5));
    expect(after(held)).toBe(5);
  });

  it("may begin where the oldest kept entry is", () => {
    const held = visitor();
    new Source(held).note(said("c", 17));
    expect(after(held)).toBe(17);
  });

  it("begins anew with another conversation", () => {
    const held = visitor(8);
    new Source(held).note(said("c", 9));
    new Source(held).note(accepted("d", 1));
    expect([held.conversation, after(held)]).toEqual(["d", 1]);
  });

  it("speaks under the token of the first welcome", () => {
    const held = visitor();
    held.welcomed(welcome({ token: "t1" }));
    expect(held.hello()).toMatchObject({ token: "t1", after: undefined, position: undefined });
  });

  it("keeps its first token, and says when an answer was meant for another", () => {
    const held = visitor();
    expect(held.welcomed(welcome({ token: "t1" }))).toBe(true);
    expect(held.welcomed(welcome({}))).toBe(true);
    expect(held.welcomed(welcome({ token: "t2" }))).toBe(false);
    expect(held.hello()).toMatchObject({ token: "t1" });
  });
});

describe("what an operator holds", () => {
  it("is every followed conversation by itself, and no other", () => {
    const held = operator(40);
    held.follow("c", 2);
    held.follow("d", 0);
    const source = new Source(held);
    for (const frame of [said("c", 3), said("d", 7), said("d", 9), said("e", 1)]) source.note(frame);
    held.watch("all");
    expect(held.asking()).toEqual([
      expect.objectContaining({ type: "hello", position: 40 }),
      { type: "watch", list: "all" },
      { type: "follow", conversation: "c", after: 3 },
      { type: "follow", conversation: "d", after: 7 },
    ]);
    held.unfollow("c");
    expect(held.asking()).toHaveLength(3);
  });

  it("moves with the rows only once all that were missed have come", () => {
    const held = operator(40);
    const cut = new Source(held);
    cut.note(row(52)); // of one list; those of the next list may be older
    expect(held.hello()?.position).toBe(40);
    const whole = new Source(held);
    for (const frame of [row(52), row(47), counts]) whole.note(frame);
    expect(held.hello()?.position).toBe(52);
    whole.note(row(60));
    expect(held.hello()?.position).toBe(60);
  });

  it("does not move where an answer ends in order before all missed rows came, even at the newest of them", () => {
    const held = operator(40);
    held.welcomed(welcome({ position: 52 }));
    const source = new Source(held);
    source.note(welcome({ position: 52 }));
    source.note(row(52)); // of the first list; a proxy ends the answer before the second
    expect([held.hello()?.position, source.isWhole]).toEqual([40, false]);
    source.note(counts);
    expect([held.hello()?.position, source.isWhole]).toEqual([52, true]);
  });

  it("is no longer followed once it is removed or refused", () => {
    const held = operator(40);
    for (const conversation of ["c", "d", "e"]) held.follow(conversation, 1);
    const source = new Source(held);
    source.note({ type: "removed", conversation: "c" });
    source.note(problem({ conversation: "d" }));
    expect(held.asking().slice(1)).toEqual([{ type: "follow", conversation: "e", after: 1 }]);
  });

  it("is still followed where only a message was refused, or only for now", () => {
    const held = operator(40);
    held.follow("c", 1);
    const source = new Source(held);
    for (const more of [{ counter: 3 }, { retry_after_ms: 1000 }]) source.note(problem({ conversation: "c", ...more }));
    source.note(problem({}));
    expect(held.asking()).toHaveLength(2);
  });

  it("reads on from the welcome where no row was held", () => {
    const held = operator();
    held.welcomed(welcome({ position: 90 }));
    expect(held.hello()?.position).toBe(90);
    held.welcomed(welcome({ position: 95 }));
    expect(held.hello()?.position).toBe(90);
  });

  it("is not asked for where something is only brought", () => {
    const held = operator(40);
    held.follow("c", 2);
    expect(held.telling()).toEqual([expect.objectContaining({ type: "hello", position: undefined })]);
  });
});
