import { parse, type Route } from "./route";

class Router {
  route = $state.raw<Route>(parse(location.pathname, location.search));
  search = $state(location.search);

  constructor() {
    addEventListener("popstate", () => this.#read());
    document.addEventListener("click", (event) => this.#follow(event));
  }

  /** Within the message centre the filter stays in the address. */
  go(to: string, replace = false): void {
    const among = this.route.name === "messages" && !to.includes("?") && parse(to, "").name === "messages";
    const path = among ? to + this.search : to;
    if (path !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", path);
    this.#read();
  }

  narrow(search: string): void {
    history.replaceState(null, "", location.pathname + search);
    this.#read();
  }

  /** Links of the app are ordinary links: a new tab, a copied address and the status line work as everywhere. */
  #follow(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  #read(): void {
    this.route = parse(location.pathname, location.search);
    this.search = location.search;
  }
}

export const router = new Router();
