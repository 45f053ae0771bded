import type { enFind } from "./en-find";

// Ein Gespräch finden, ohne die Liste durchzusehen.
export const deFind: Record<keyof typeof enFind, string> = {
  "find.longest": "Wer am längsten wartet",
  "find.nobody": "Niemand wartet auf eine Antwort.",
  "find.search": "Suchen",
};
