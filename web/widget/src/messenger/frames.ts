/** Half a surrogate pair is not text; a strict server would call the frame malformed, again and again. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** Characters as the server counts them: code points. */
export const characters = (text: string): number => text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "_").length;

export function randomSender(): string {
  return `${crypto.getRandomValues(new BigUint64Array(1))[0]?.toString(16)}`.padStart(16, "0");
}
