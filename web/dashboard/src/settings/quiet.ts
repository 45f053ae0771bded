/** Minutes that are offered; another number, set by a program, is offered besides. */
const ASK = [5, 10, 30, 60, 240, 1440];
const END = [15, 30, 60, 240, 1440, 4320, 10_080, 43_200];

const withOwn = (offered: number[], own: number | null) =>
  own === null || offered.includes(own) ? offered : [...offered, own].sort((a, b) => a - b);

export const askAfter = (own: number | null) => withOwn(ASK, own);
export const endAfter = (own: number | null) => withOwn(END, own);

/** A conversation that has ended asks nobody any more. */
export const isNeverAsked = (ask: number | null, end: number) => ask !== null && ask >= end;

/** The largest unit that says it in whole numbers. */
export function inUnits(minutes: number): { n: number; unit: "minutes" | "hours" | "days" } {
  if (minutes % 1440 === 0) return { n: minutes / 1440, unit: "days" };
  if (minutes % 60 === 0) return { n: minutes / 60, unit: "hours" };
  return { n: minutes, unit: "minutes" };
}
