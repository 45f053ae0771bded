// The words between browser and server. Integers called `at`, `…_at` are UTC microseconds.
// All ids are opaque strings.

export type Language = "de" | "en";
export type Role = "owner" | "agent" | "officer";
export type Level = "off" | "read" | "write";
export type Reach = "own" | "group" | "all";
export type ConversationState = "new" | "open" | "pending" | "ended";
export type ListName = "mine" | "unassigned" | "all";
export type EventKind = "started" | "assigned" | "ended" | "reopened";
export type EndCause = "operator" | "idle";

export interface OperatorRef { id: string; name: string }
export interface WidgetRef { id: string; name: string }

export interface ConversationSummary {
  id: string;
  state: ConversationState;
  label: string;                 // four characters, e.g. "4F2K": shown as "Visitor 4F2K"
  preview: string;               // opened text of the last message that both sides see, at most 140 characters, may be ""
  preview_from: "visitor" | "operator" | "none";
  started_at: number;
  last_at: number;
  waiting_since: number | null;  // since when the visitor waits for an answer
  assignee: OperatorRef | null;
  widget: WidgetRef;
  language: Language;
  last_sequence: number;         // of everything, notes included
  unread: number;                // visitor's messages that the team has not seen
  visitor_seen: number;          // `visible` number up to which the visitor has seen
  visitor_online: boolean;
  position: number;              // grows with every change of any conversation
}

export interface MessageAuthor { kind: "visitor" | "operator"; id?: string; name?: string }

// One entry of a conversation. Operators are sent `sequence` (gapless over everything) and `visible`
// (gapless over what the visitor may see; a note repeats the number before it). Visitors are sent
// `visible` as their only number, in `sequence`, and no `visible` field.
export interface MessageEntry {
  type: "message";
  conversation: string;
  sequence: number;
  visible?: number;
  author: MessageAuthor;
  note: boolean;
  text: string;
  at: number;
  // Only on entries that this same principal sent: lets a client match it with its own unacknowledged one.
  sender?: string;
  counter?: number;
}
export interface EventEntry {
  type: "event";
  conversation: string;
  sequence: number;
  visible?: number;
  at: number;
  event: EventKind;
  operator: OperatorRef | null;  // assigned: to whom (null: to nobody); ended: by whom
  cause?: EndCause;              // ended
}
export type Entry = MessageEntry | EventEntry;

// ---------- socket: client to server ----------
export type ClientFrame =
  // First frame. `sender`: 16 hex digits, fresh per page load. Visitors: widget, token if they have one,
  // `after` = last sequence they hold. Operators: `position` = last position they hold.
  | { type: "hello"; protocol: 1; sender: string; language?: Language; widget?: string; token?: string; after?: number; position?: number }
  // `counter` counts from 1 per sender and conversation, without gaps. Same counter again = retry.
  | { type: "message"; counter: number; text: string; conversation?: string; note?: boolean }
  | { type: "typing"; on: boolean; conversation?: string }
  | { type: "seen"; sequence: number; conversation?: string }
  | { type: "follow"; conversation: string; after: number }   // operators: send me entries after this one, and what comes
  | { type: "unfollow"; conversation: string }
  | { type: "watch"; list: ListName }                          // operators: which list is on screen (mine and unassigned always come)
  | { type: "ping" };

// ---------- socket: server to client ----------
export interface VisitorConversation { state: ConversationState; last_sequence: number; team_seen: number; assignee: string | null }
export interface Limits { text_characters: number; frame_bytes: number; in_flight: number }
export type ProblemCode =
  | "malformed"            // not a frame of this vocabulary; fatal
  | "too_large"            // frame over the limit; fatal
  | "unsupported"          // protocol version; fatal: reload
  | "hello_expected"       // fatal
  | "unauthorised"         // no or ended session; fatal
  | "forbidden"            // the role does not allow it
  | "not_found"            // unknown (or foreign) conversation or widget; fatal in answer to hello
  | "token_invalid"        // visitor token not issued here: forget it and say hello without one; fatal
  | "text_empty" | "text_too_long"
  | "rate_limited"         // with retry_after_ms; the message was not stored: send it again later
  | "busy"                 // too much at once; with retry_after_ms; not stored
  | "unavailable"          // the store cannot take it now (disk full, database away); with retry_after_ms
  | "counter_gap"          // `expected` names the counter that must come first
  | "slow"                 // client does not read; fatal: reconnect and resume
  | "restarting";          // orderly shutdown; fatal: reconnect after retry_after_ms
export type ServerFrame =
  | { type: "welcome"; protocol: 1; at: number; limits: Limits; presence: boolean; position: number;
      token?: string;                       // visitors without a valid one: keep it from now on
      conversation?: VisitorConversation }  // visitors who have one
  | Entry
  | { type: "current"; conversation: string; last_sequence: number }  // replay after hello or follow is complete up to here
  | { type: "accepted"; counter: number; sequence: number; at: number; conversation: string; visible?: number; text?: string } // text: if the server masked more
  | { type: "typing"; conversation: string; who: "visitor" | "operator"; name?: string; on: boolean }
  | { type: "seen"; conversation: string; who: "visitor" | "team"; sequence: number } // in the receiver's visible numbers
  | { type: "presence"; online: boolean; conversation?: string }  // to visitors: the team; to operators: that visitor
  | ({ type: "conversation" } & ConversationSummary)              // list row changed
  | { type: "removed"; conversation: string }                     // row left what you may see
  | { type: "counts"; mine: number; unassigned: number; all: number } // not ended ones
  | { type: "problem"; code: ProblemCode; detail: string; fatal: boolean; counter?: number; conversation?: string; expected?: number; retry_after_ms?: number }
  | { type: "pong" };

// ---------- HTTP ----------
// Errors are RFC 9457 problem details (application/problem+json).
export interface Problem { type: string; title: string; status: number; detail: string; field?: string }

// GET  /api/setup            → SetupState                               (public)
export interface SetupState { needed: boolean }
// POST /api/setup            SetupRequest → 201 SetupResult, sets the session cookie (public, needs the one-time code)
export interface SetupRequest {
  code: string;               // printed by ./run and `diskret serve`; the address /setup#code=… carries it
  organisation: string;       // 1 to 80 characters
  name: string; email: string; password: string; // password: at least 12 characters
  language: Language;
  site?: string;              // origin of the site where the widget will stand, e.g. "https://www.example.de"; missing = any
  greeting?: string;          // first line in the widget
  colour?: string;            // "#0b6e5d"
}
export interface SetupResult { organisation: string; widget: string; recovery_key: string }
// POST /api/recovery-key/confirmation  {key: string} → 204   (owner; the key shown once, typed back or pasted)
export interface RecoveryConfirmation { key: string }
// POST /api/session          SignIn → SessionInfo, sets cookie         (public)
export interface SignIn { email: string; password: string }
// GET  /api/session          → SessionInfo | 401
// DELETE /api/session        → 204
export interface SessionInfo {
  operator: OperatorRef; role: Role; language: Language;
  organisation: { id: string; name: string };
  conversations: { level: Level; reach: Reach };
  team: Level; widgets: Level;
  recovery_key_confirmed: boolean;
  widget_origin: string;      // e.g. "http://widget.localhost:8080"
  shop_url: string | null;    // demo page, when the demo is on
}
// GET  /api/conversations?list=mine|unassigned|all&ended=false&before=POSITION&limit=50 → ConversationPage  (newest change first)
export interface ConversationPage { items: ConversationSummary[]; next: number | null; counts: { mine: number; unassigned: number; all: number } }
// GET  /api/conversations/{id}                         → ConversationSummary
// GET  /api/conversations/{id}/entries?before=SEQ&limit=50 → EntryPage (ascending; without `before`: the newest)
export interface EntryPage { items: Entry[]; first: number | null }
// PUT  /api/conversations/{id}/assignment  {operator: string|null} → ConversationSummary
export interface Assignment { operator: string | null }
// PUT  /api/conversations/{id}/state  {state:"ended"|"open"} → ConversationSummary   (ends or reopens)
export interface StateChange { state: "ended" | "open" }
// GET  /api/operators        → OperatorInfo[]
export interface OperatorInfo { id: string; name: string; role: Role; online: boolean }
// GET  /api/widgets          → WidgetInfo[]
export interface WidgetInfo { id: string; name: string; sites: string[]; greeting: string; colour: string; language: Language }
// PATCH /api/widgets/{id}    WidgetChange → WidgetInfo
export interface WidgetChange { name?: string; sites?: string[]; greeting?: string; colour?: string; language?: Language }

// ---------- widget origin (public, no cookie, CORS *) ----------
// GET /loader.js · GET /messenger/{widget} (HTML of the iframe) · GET /messenger.js, /messenger.css
// GET /config/{widget}.json → WidgetConfig · WebSocket /socket
export interface WidgetConfig { id: string; organisation: string; language: Language; greeting: string; colour: string; online: boolean }
