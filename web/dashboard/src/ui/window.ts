/** Which rows of a long list are worth drawing: those in sight and some around them. */
export interface Span {
  from: number;
  to: number; // the first that is not drawn
}

const AROUND = 8;

export function inSight(count: number, height: number, top: number, room: number): Span {
  const first = Math.floor(top / height) - AROUND;
  const last = Math.ceil((top + room) / height) + AROUND;
  const from = Math.max(0, Math.min(first, count - 1));
  return { from, to: Math.max(from, Math.min(count, last)) };
}

/** Where to scroll so that a row is whole in sight; null where it is already. */
export function scrollFor(at: number, height: number, top: number, room: number): number | null {
  if (at * height < top) return at * height;
  if ((at + 1) * height > top + room) return (at + 1) * height - room;
  return null;
}
