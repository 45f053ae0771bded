/** "www.example.org" or a whole address → its origin; null when it is neither. */
export function originOf(typed: string): string | null {
  const text = typed.trim();
  if (text === "") return null;
  const local = /^(localhost|[\w.-]+\.localhost|127\.0\.0\.1)(:\d+)?(\/|$)/i.test(text);
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `${local ? "http" : "https"}://${text}`);
    if (url.protocol !== "https:" && url.protocol !== "http:") return null;
    const plausible = url.hostname.includes(".") || url.hostname === "localhost" || url.hostname.startsWith("[");
    return plausible && !/\s/.test(text) ? url.origin : null;
  } catch {
    return null;
  }
}
