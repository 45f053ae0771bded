/** Characters as the server counts them: code points. */
export const characters = (text: string): number => text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "_").length;

export function randomSender(): string {
  return `${crypto.getRandomValues(new BigUint64Array(1))[0]?.toString(16)}`.padStart(16, "0");
}
