import { tick } from "svelte";
import { conversationPath } from "../shell/route";
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

const first = () => [...offers].find(({ root }) => root.offsetParent !== null);

/** Opens the one in sight; where the head has no room for it, the one beside the conversation. */
export async function openTopics(conversation: string): Promise<void> {
  if (!first()) {
    router.go(conversationPath(conversation, true));
    await tick();
  }
  first()?.open();
}
