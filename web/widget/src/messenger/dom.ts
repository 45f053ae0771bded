/** Elements of messenger.html; a missing one is a programming error. */
export function find<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`messenger.html lacks #${id}`);
  return element as T;
}

/** Text goes in as text; there is no way here to make markup out of it. */
export function make(tag: string, name: string, text = ""): HTMLElement {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

const SPECIAL = /(•{2,}[ \u00a0]?\d{4}\b)|(https?:\/\/[^\s<>"'«»“”]*[\p{L}\p{N}/=_-])/gu;

/** Message text with covered card numbers and web addresses made visible as such. */
export function rich(text: string): DocumentFragment {
  const out = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(SPECIAL)) {
    out.append(text.slice(from, match.index));
    from = match.index + match[0].length;
    out.append(match[1] ? make("span", "mask", match[0]) : link(match[0]));
  }
  out.append(text.slice(from));
  return out;
}

function link(address: string): HTMLElement {
  const anchor = make("a", "", address) as HTMLAnchorElement;
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  return anchor;
}
