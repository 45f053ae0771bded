import type { Stub } from "@diskret/api";

/**
 * Which of them stand in the list as grey rows: what a visitor erased, so that nobody looks for it, and what somebody erased by
 * itself and can have back. A hundred erased at once, or by a rule, would bury what is there: those stand in the privacy centre.
 */
export function shownStubs(all: readonly Stub[]): Stub[] {
  const together = new Map<string, number>();
  for (const { erasure } of all) together.set(erasure, (together.get(erasure) ?? 0) + 1);
  return all.filter(
    ({ cause, state, erasure }) =>
      cause === "visitor" || (cause !== "retention" && state === "hidden" && together.get(erasure) === 1),
  );
}
