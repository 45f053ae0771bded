/** As the server sees it: somebody at a host that has a dot in it, or at `localhost`. */
export function isEmail(text: string): boolean {
  return /^[^\s@]+@(localhost|[^\s@.]+(\.[^\s@.]+)+)$/i.test(text.trim());
}
