//! Limits, in one place (design section 4). Times and rates that an installation may want otherwise are options of the
//! configuration; these are not.

use std::time::Duration;

/// Longest text of a message, in Unicode scalar values.
pub const TEXT_CHARACTERS: usize = 10_000;
/// Largest frame of a socket, in bytes.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Largest body of an HTTP request, in bytes.
pub const BODY_BYTES: usize = 64 * 1024;
/// Messages of one socket that may wait for their acknowledgement.
pub const IN_FLIGHT: usize = 32;
/// Conversations that one operator's socket may follow at once.
pub const FOLLOWED: usize = 32;
/// Entries in one page.
pub const PAGE: i64 = 50;
/// Largest page that may be asked for.
pub const PAGE_MOST: i64 = 200;
/// Shortest password, in characters (NIST SP 800-63B-4: length over composition).
pub const PASSWORD_CHARACTERS: usize = 12;
/// Longest password, in bytes, so that hashing it stays bounded.
pub const PASSWORD_BYTES: usize = 512;
/// Longest name of a person, an organisation or a widget, in characters.
pub const NAME_CHARACTERS: usize = 80;
/// Longest word that a snippet is called by, in characters.
pub const SHORTCUT_CHARACTERS: usize = 32;
/// Snippets that an organisation shares at most; an operator may have as many of their own.
pub const SNIPPETS: usize = 200;
/// Bytes of their content together: a list is sent whole.
pub const SNIPPET_BYTES: usize = 1 << 20;
/// Topics that one conversation may have at once.
pub const TOPICS_EACH: usize = 5;
/// Colours that a topic may have; which they are, screens decide.
pub const TOPIC_COLOURS: i64 = 8;
/// Longest name of a topic, in characters: it has to fit into a row of a list.
pub const TOPIC_CHARACTERS: usize = 32;
/// Minutes after which a visitor may be asked whether they are still there, and after which a conversation may end by itself.
pub const QUIET_MINUTES: std::ops::RangeInclusive<i64> = 1..=90 * 24 * 60;
/// Furthest ahead that a conversation may be put off.
pub const SNOOZE_LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
/// Longest greeting of a widget, in characters.
pub const GREETING_CHARACTERS: usize = 300;
/// Sites that one widget may stand on.
pub const SITES: usize = 20;
/// How long a link with which somebody sets a password is good.
pub const LINK_LIFE: Duration = Duration::from_secs(30 * 60);
/// How long an operator stays signed in without doing anything.
pub const SESSION_IDLE: Duration = Duration::from_secs(12 * 3600);
/// How long an operator stays signed in at most.
pub const SESSION_LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long an unwrapped key or an opened message may be used before it is asked for again (design section 5).
pub const LEASE: Duration = Duration::from_secs(60);
/// A pooled key older than this is used by no writer (design section 5).
pub const POOLED_KEY_USE: Duration = Duration::from_secs(3600);
/// A pooled key older than this that nothing refers to is swept (design section 5).
pub const POOLED_KEY_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Messages of one organisation that may be under way to the store at once; the rest of its senders wait before the queue,
/// so that another organisation's message never stands behind more than these (SB1). Two of the writer's loads: with fewer,
/// one busy organisation's messages were measured to cost three times the work, since loads stay small.
pub const ORGANISATION_IN_FLIGHT: usize = 2048;
/// The same for its operators, beside the visitors': whoever answers does not stand behind a flood.
pub const OPERATORS_IN_FLIGHT: usize = 512;
/// A network of many addresses (IPv6: a /48, which one customer can have for the asking) may do as much as so many of them.
pub const NETWORK_ADDRESSES: u32 = 4;
/// Visitors, addresses and organisations whose asking is counted at once, each kind for itself: bounds the counters' memory.
pub const SOURCES: usize = 16_384;
/// Frames besides messages (`seen`, `typing`, `ping` and the like) that one socket is read in a second, over time.
pub const FRAMES_EACH_SECOND: u32 = 50;
/// The same at once, as many as in so many seconds. What comes faster waits on the wire.
pub const FRAMES_AT_ONCE_SECONDS: u32 = 4;
/// Requests and new sockets that an address may ask for at once: as many as in so many seconds.
pub const ADDRESS_AT_ONCE_SECONDS: u32 = 10;
/// How long it holds that the databases answer, or do not: whoever asks again is told the same.
pub const READY_HOLDS: Duration = Duration::from_secs(1);
/// Files besides connections that the program may have open: databases, logs, what is being accepted.
pub const FILES_KEPT_BACK: u64 = 128;
/// Connections beyond the limit that are told so at once; further ones are closed without a word.
pub const TURNED_AWAY: usize = 64;
/// A request's head must come within, and so must the next request on a connection that is kept (slowhttptest -H).
pub const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
pub const HEAD_BYTES: usize = 16 * 1024;
/// A request's body must come within (slowhttptest -B).
pub const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Whoever has not taken [`READ_LEAST`] of what waits for them within this time is cut off (slowhttptest -X).
pub const READ_WITHIN: Duration = Duration::from_secs(10);
/// Bytes that a reader must take in [`READ_WITHIN`], where so many wait.
pub const READ_LEAST: usize = 2 * 1024;
/// How long the second step of a sign-in may take.
pub const STEP_LIFE: Duration = Duration::from_secs(5 * 60);
/// Codes that may be tried in one second step.
pub const STEP_TRIES: u32 = 5;
/// How long a browser in which somebody signed in is known without doing so again.
pub const DEVICE_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
/// Recovery codes that are made at once.
pub const RECOVERY_CODES: usize = 10;
/// Passkeys that an operator may have.
pub const PASSKEYS: usize = 10;
/// How long a deletion that an operator asked for can be taken back (C1).
pub const UNDO_ONE: Duration = Duration::from_secs(10 * 60);
/// The same for many conversations at once.
pub const UNDO_MANY: Duration = Duration::from_secs(24 * 3600);
/// How long an implausibly large deletion waits for a second person; after it, the owner alone can let it go on.
pub const BRAKE_WAIT: Duration = Duration::from_secs(24 * 3600);
/// Deletions of so many conversations within [`BRAKE_WAIT`] are implausible.
pub const BRAKE_FROM: i64 = 1_000;
/// The same for so many, where they are [`BRAKE_SHARE`] of all: a small organisation is emptied with fewer.
pub const BRAKE_LEAST: i64 = 50;
/// The share of an organisation's conversations, as one in so many.
pub const BRAKE_SHARE: i64 = 10;
/// Conversations, or entries of one conversation, that one request can delete.
pub const ERASED_AT_ONCE: usize = 500;
/// How long operators see that there was a conversation which was deleted.
pub const STUB_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long an organisation that gave notice can still take it back (C5).
pub const CLOSING: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a copy of the whole organisation counts as taken before it is closed.
pub const COPY_COUNTS: Duration = Duration::from_secs(24 * 3600);
/// Days that something may be kept (C2).
pub const RETENTION_DAYS: std::ops::RangeInclusive<i64> = 1..=3650;
/// Days that a new organisation keeps what was said, until it says otherwise.
pub const RETENTION_DEFAULT: i64 = 180;
/// Days above which whoever keeps something that long is warned (C2): 36 months.
pub const RETENTION_WARNS: i64 = 1_095;
/// Furthest ahead that a hold may end: ten years and the rest of the year it began in.
pub const HOLD_LONGEST: Duration = Duration::from_secs(11 * 366 * 24 * 3600);
/// How often the epoch key is replaced (C4).
pub const TURN_EVERY: Duration = Duration::from_secs(12 * 3600);
/// Longest that destroying the epoch key before can be put off (design section 5).
pub const FREEZE_LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often wrapped keys are backed up.
pub const KEYS_EVERY: Duration = Duration::from_secs(3600);
/// How long a backup of wrapped keys is kept, apart from the last verified one.
pub const KEYS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How often data is backed up (E4).
pub const BACKUP_EVERY: Duration = Duration::from_secs(24 * 3600);
/// A backup older than this is late.
pub const BACKUP_LATE: Duration = Duration::from_secs(26 * 3600);
/// How long shredding waits for the places to have its journal entry (SP7).
pub const JOURNAL_WITHIN: Duration = Duration::from_secs(60);
/// How long receipts of deletions are kept: claims about one become void after three years (§ 195 BGB).
pub const RECEIPTS_KEPT: Duration = Duration::from_secs(3 * 366 * 24 * 3600);
/// Accounts and addresses whose wrong guesses are counted at once.
pub const GUESSERS: usize = 65_536;
