import type { NewSnippet, SnippetChange, SnippetInfo } from "@diskret/api";
import { Collection } from "../collection.svelte";

/** The shared snippets and one's own. */
export const snippets = new Collection<SnippetInfo, NewSnippet, SnippetChange>("/api/snippets");
