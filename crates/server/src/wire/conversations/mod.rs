//! Conversations: in lists, what stands in them, what is done with them.

mod change;
mod entry;
mod row;

pub use change::{Assignment, Correction, HandoverNote, ReaderInfo, Snooze, StateChange, WantedState};
pub use entry::{
    AuthorKind, EndCause, Entry, EntryPage, EventEntry, EventKind, EventOperator, MessageAuthor, MessageEntry,
};
pub use row::{ConversationPage, ConversationSummary, Counts, GroupRef, ListName, PreviewFrom, State, WidgetRef};
