import plain from "../shell/mark.svg";
import marked from "./mark-unread.svg";

/** A dot on the page's icon: seen in a row of tabs where there is no room for a title. */
export function markIcon(unread: boolean): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const wanted = unread ? marked : plain;
  if (link && link.getAttribute("href") !== wanted) link.href = wanted;
}
