/** Names a page load, or a note that is sent with a request. */
export function freshSender(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
