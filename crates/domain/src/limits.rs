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
/// Longest greeting of a widget, in characters.
pub const GREETING_CHARACTERS: usize = 300;
/// Sites that one widget may stand on.
pub const SITES: usize = 20;
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
