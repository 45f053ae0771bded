/** Half a surrogate pair is not text; a strict server would call the frame malformed, again and again. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");
