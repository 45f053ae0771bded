// Until the server's description has these, they are written here by hand in the same shape.
import type { OperatorRef } from "@diskret/api";

export type ErasureWhat =
  | "passage"
  | "value"
  | "message"
  | "conversation"
  | "many"
  | "contact"
  | "organisation"
  | "account";
export type ErasureCause = "visitor" | "operator" | "retention" | "closing" | "command_line";
export type ErasureState = "waiting" | "braked" | "undone" | "working" | "held" | "destroyed" | "done";

export interface Erasure {
  id: string;
  what: ErasureWhat;
  cause: ErasureCause;
  state: ErasureState;
  requested_at: number;
  requested_by?: OperatorRef | null;
  destroy_at: number;
  braked: boolean;
  released_by?: OperatorRef | null;
  conversations: number;
  messages: number;
  keys: number;
  shredded_at?: number | null;
  purged_at?: number | null;
  placed_at?: number | null;
  done_at?: number | null;
  pending: string[];
}
export interface ErasurePage {
  items: Erasure[];
  next: number | null;
}
export interface Passage {
  from: number;
  to: number;
}
export type NewErasure =
  | { conversations: string[] }
  | { conversation: string; entries: number[] }
  | { conversation: string; entry: number; passages: Passage[] };

export type StubState = "hidden" | "erased" | "restricted";
export interface Stub {
  conversation: string;
  state: StubState;
  cause: ErasureCause;
  at: number;
  erasure: string;
}
