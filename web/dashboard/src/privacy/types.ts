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

export type RetentionKind = "content" | "contacts" | "technical";
export interface RetentionRule {
  kind: RetentionKind;
  widget?: string | null;
  topic?: string | null;
  days: number;
  set_at: number;
}
export interface ByWidget {
  widget: string;
  conversations: number;
}
export interface Due {
  conversations: number;
  oldest_at: number | null;
  by_widget: ByWidget[];
}
export interface Retention {
  rules: RetentionRule[];
  oldest_past_rule_seconds: number;
  held: number;
  tonight: Due;
}
export interface RetentionPreview extends Due {
  capped: boolean;
  above_36_months: boolean;
}
export type HoldReason = "business_letter" | "claim" | "legal_duty" | "authority";
export interface Hold {
  id: string;
  conversation: string;
  reason: HoldReason;
  until: number;
  set_by?: OperatorRef | null;
  set_at: number;
}
export interface ConversationRetention {
  deletes_at?: number | null;
  rule?: Omit<RetentionRule, "set_at"> | null;
  held?: Hold | null;
}
