import type { TopicInfo } from "@diskret/api";
import type { Key } from "../../i18n/en";

/** What the palette's colours are called; `--topic-0` and so on in app.css are what they look like. */
export const colours: readonly Key[] = [
  "topics.colour.0",
  "topics.colour.1",
  "topics.colour.2",
  "topics.colour.3",
  "topics.colour.4",
  "topics.colour.5",
  "topics.colour.6",
  "topics.colour.7",
];

/** The one that fewest topics have: two that stand beside each other should differ. */
export function nextColour(all: readonly TopicInfo[]): number {
  const used = colours.map((_, colour) => all.filter((topic) => topic.colour === colour && !topic.archived).length);
  return used.indexOf(Math.min(...used));
}
