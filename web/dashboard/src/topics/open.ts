import { router } from "../shell/router.svelte";

/** The menus of topics that are there: in the conversation's head and in the column beside it. */
interface Offer {
  readonly root: HTMLElement;
  readonly open: () => void;
}
const offers = new Set<Offer>();

export function offer(one: Offer): () => void {
  offers.add(one);
  return () => offers.delete(one);
}

/** Opens the one in sight: in the column where that lies over the conversation, else in its head. */
export function openTopics(): void {
  const seen = [...offers].filter(({ root }) => root.offsetParent !== null);
  const { route } = router;
  const beside = route.name === "messages" && route.person && seen.find(({ root }) => root.closest(".person"));
  (beside || seen[0])?.open();
}
