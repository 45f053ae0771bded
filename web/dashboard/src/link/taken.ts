/**
 * The secret of a link leaves the address before the first request: not in a history, a picture of the screen or a
 * neighbour's glance. It lives in memory only, so a reload needs the link again.
 */
export function take(): string {
  if (location.pathname !== "/link" || location.hash === "") return "";
  const secret = new URLSearchParams(location.hash.slice(1)).get("secret") ?? "";
  history.replaceState(null, "", "/link");
  return secret;
}

export const taken = { secret: take() };
