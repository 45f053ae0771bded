import type { Attachment } from "svelte/attachments";

/** Calls when the element comes near the visible part of its scroller. */
export function inView(arrive: () => void, margin = "240px"): Attachment {
  return (element) => {
    const observer = new IntersectionObserver(
      (seen) => {
        if (seen.some((one) => one.isIntersecting)) arrive();
      },
      { root: element.closest("[data-scroller]"), rootMargin: margin },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}
