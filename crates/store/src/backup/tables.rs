//! What is in a backup, and what is not. A test holds both lists to the schemas: no table is forgotten.

use super::Which;

/// The tables of a backup, each behind those that its rows refer to.
pub const fn backed_up(which: Which) -> &'static [&'static str] {
    match which {
        Which::Data => &[
            "installation",
            "organisation",
            "operator",
            "team_group",
            "known_device",
            "passkey",
            "widget",
            "topic",
            "snippet",
            "conversation",
            "head",
            "hidden_head",
            "message",
            "hidden_message",
            "sender",
            "mention",
            "stub",
            "ended",
            "hold",
            "retention_rule",
            "erasure",
            "erasure_item",
            "journal_head",
            "journal",
            "tally",
            "job",
            "audit_head",
            "audit_entry",
            "audit_checkpoint",
        ],
        Which::Keys => &["epoch", "epoch_copy", "turn", "organisation_key", "data_key", "secrets"],
    }
}

/// The tables that are in no backup, each with the reason.
pub const fn left_out(which: Which) -> &'static [(&'static str, &'static str)] {
    match which {
        Which::Data => &[
            ("migration", "written when the tables are made; the backup names its own state"),
            ("restoring", "the mark of a database that is half restored"),
            ("change_position", "a number that was given out last, not a row: PostgreSQL has a sequence"),
            ("session", "a restored machine has everybody sign in again"),
            ("sign_in_link", "works once: one that was used must not come back"),
            ("api_token", "one that was taken back must not come back"),
            ("recovery_code", "works once: one that was used must not come back"),
            ("spent_challenge", "of no use after a few minutes"),
            ("audit_once", "counts within an hour"),
            ("journal_place", "what a place has is asked of the place"),
            ("journal_seen", "what a place has is asked of the place"),
            ("backup", "the backups that there are lie at the places"),
            ("backup_place", "the backups that there are lie at the places"),
            ("place_state", "what a place is like is asked of the place"),
        ],
        Which::Keys => &[
            ("migration", "written when the tables are made; the backup names its own state"),
            ("restoring", "the mark of a database that is half restored"),
            ("node", "who is there just now, and keys on their way to them"),
        ],
    }
}
