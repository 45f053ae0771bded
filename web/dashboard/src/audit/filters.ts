export interface Filters {
  actor: string;
  area: string;
  from: string;
  to: string;
}

export const NO_FILTERS: Filters = { actor: "", area: "", from: "", to: "" };

/** Filters as the server reads them. A day ends when the next one begins, wherever the reader is. */
export function wordsOf({ actor, area, from, to }: Filters): URLSearchParams {
  const words = new URLSearchParams();
  if (actor) words.set("actor", actor);
  if (area) words.set("area", area);
  const begins = midnight(from, 0);
  const ends = midnight(to, 1);
  if (begins !== null) words.set("from", String(begins));
  if (ends !== null) words.set("to", String(ends));
  return words;
}

function midnight(day: string, later: number): number | null {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + later).getTime() * 1000;
}
