/** A colleague as notes name them. */
export interface Nameable {
  id: string;
  name: string;
}

const TOKEN = /@\[([a-z2-7]{26})\]/g;

/** What a note says, in pieces: text, and whom it names. */
export type Piece = { text: string } | { id: string };

export function pieces(note: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const match of note.matchAll(TOKEN)) {
    if (match.index > at) out.push({ text: note.slice(at, match.index) });
    out.push({ id: match[1] ?? "" });
    at = match.index + match[0].length;
  }
  if (at < note.length) out.push({ text: note.slice(at) });
  return out;
}

/** As it is stored: a name that was written out becomes the id it stands for, the longest first. */
export function encoded(note: string, people: readonly Nameable[]): string {
  if (!note.includes("@")) return note;
  const longest = [...people].sort((a, b) => b.name.length - a.name.length);
  let out = "";
  for (let at = 0; at < note.length; ) {
    const one = note[at] === "@" ? longest.find(({ name }) => isNamed(note, at + 1, name)) : undefined;
    out += one ? `@[${one.id}]` : note[at];
    at += one ? one.name.length + 1 : 1;
  }
  return out;
}

/** As it is written: ids become names again. */
export function decoded(note: string, people: readonly Nameable[]): string {
  return note.replace(TOKEN, (token, id) => {
    const one = people.find((person) => person.id === id);
    return one ? `@${one.name}` : token;
  });
}

/** What was typed behind the last `@` before the caret, where it may become a name. */
export function asked(text: string, caret: number): string | null {
  const match = /(?:^|[\s(])@([^@\n[\]]{0,40})$/.exec(text.slice(0, caret));
  return match ? (match[1] ?? "") : null;
}

function isNamed(note: string, at: number, name: string): boolean {
  return note.startsWith(name, at) && !/[\p{L}\p{N}]/u.test(note[at + name.length] ?? "");
}
