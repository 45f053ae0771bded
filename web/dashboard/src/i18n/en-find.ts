// Finding a conversation without looking through the list.
export const enFind = {
  "find.longest": "Who waits longest",
  "find.nobody": "Nobody waits for an answer.",
  "find.search": "Search",
} as const;
