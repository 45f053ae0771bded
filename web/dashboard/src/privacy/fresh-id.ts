/** Names something that may have to be asked for twice: 16 random bytes, spelled as the server spells its own. */
export function freshId(): string {
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(2).padStart(8, "0"));
  const fives = bytes.join("").padEnd(130, "0").match(/.{5}/g) ?? [];
  return fives.map((five) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(five, 2)]).join("");
}
