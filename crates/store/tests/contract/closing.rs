//! An organisation ends whole, and nobody else's row is touched.

use std::collections::BTreeSet;
use std::time::Duration;

use diskret_store::erasure::closing::{Ending, GONE, Request as Notice, STAYS};
use diskret_store::erasure::{Erasure, Subject};
use diskret_store::job::{Claimed, Kind, Lane};
use diskret_store::journal;
use domain::erasure::{Cause, HoldReason, State, What};
use domain::limits::CLOSING;
use domain::{PublicId, Timestamp};
use privacy::random;

use crate::erasure::{ask, delete, request};
use crate::fixture::{Fixture, Raw, START, all, moment, somebody, stored};

on_both![
    every_table_that_names_an_organisation_is_in_a_list,
    an_organisation_ends_whole_and_nobody_elses_row_is_touched,
    a_conversation_that_is_held_at_the_last_moment_keeps_it,
    a_deletion_that_was_taken_back_is_hidden_before_everybody_is_shut_out,
    what_a_restored_backup_has_of_it_goes_again,
    where_a_restored_backup_knows_of_its_notice_its_own_end_goes_on_to_the_receipt,
    what_a_restore_deletes_again_is_held_by_nothing_that_nobody_could_end,
];

const LEASE: Duration = Duration::from_secs(60);

async fn close(at: &Fixture) -> Erasure {
    let notice = Notice {
        name: random::public_id(),
        cause: Cause::Closing,
        by: Some(at.ours.ada),
        without_copy: true,
        at: START,
    };
    at.store.audited(somebody()).close_organisation(at.ours.id, notice).await.unwrap()
}

async fn job(at: &Fixture, now: Timestamp) -> Claimed {
    let jobs = at.store.claim_jobs(Lane::Erasing, now, LEASE, 100).await.unwrap();
    jobs.into_iter().find(|job| job.kind == Kind::Close).unwrap()
}

async fn hide(at: &Fixture, now: Timestamp) {
    let shown = at.store.shown(at.ours.id, now, 100).await.unwrap();
    for one in shown {
        let request = request(Subject::Conversations(vec![one.id]), None, Cause::Closing, now);
        assert_eq!(ask(at, request).await.unwrap().destroy_at, now, "its time was before");
    }
}

/// Every row of a table that is not ours, or of ours, as text.
async fn rows(at: &Fixture, raw: &Raw, table: &str, ours: bool) -> Vec<Vec<String>> {
    let is_text = |kind: &str| !matches!(kind, "BLOB" | "bytea");
    let columns = match raw {
        Raw::Sqlite(_) => format!("SELECT name, type FROM pragma_table_info('{table}') ORDER BY name"),
        Raw::Postgres(_) => format!(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}'
            AND table_schema = current_schema() ORDER BY column_name"
        ),
    };
    let columns: Vec<String> =
        raw.rows(&columns).await.into_iter().filter(|row| is_text(&row[1])).map(|row| row[0].clone()).collect();
    let (names, is) = (columns.join(", "), if ours { "=" } else { "<>" });
    let id = at.ours.id.0;
    raw.rows(&format!("SELECT {names} FROM {table} WHERE organisation_id {is} {id} ORDER BY {names}")).await
}

async fn tables(raw: &Raw) -> BTreeSet<String> {
    let text = match raw {
        Raw::Sqlite(_) => {
            "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.name = 'organisation_id'"
        }
        Raw::Postgres(_) => {
            "SELECT table_name FROM information_schema.columns
            WHERE column_name = 'organisation_id' AND table_schema = current_schema()"
        }
    };
    raw.rows(text).await.into_iter().map(|mut row| row.remove(0)).collect()
}

async fn every_table_that_names_an_organisation_is_in_a_list(at: Fixture) {
    let raw = at.place.data().await;
    let listed: BTreeSet<String> =
        GONE.iter().copied().chain(STAYS.iter().map(|(table, _)| *table)).map(str::to_owned).collect();
    assert_eq!(tables(&raw).await, listed);
    at.keys().await;
    let keys: BTreeSet<String> = ["data_key", "organisation_key"].map(str::to_owned).into();
    assert_eq!(tables(&at.place.keys().await).await, keys, "deleted by themselves");
}

async fn an_organisation_ends_whole_and_nobody_elses_row_is_touched(at: Fixture) {
    let (chat, other, hidden) = (at.chat().await, at.chat().await, at.chat().await);
    let theirs = at.chat_of(&at.theirs).await;
    for counter in 1..=700 {
        stored(at.store.append(chat.operator(at.ours.ada, 5, counter)).await);
    }
    stored(at.store.append(theirs.operator(at.theirs.ada, 5, 1)).await);
    delete(&at, &[&hidden]).await;
    at.store
        .audited(somebody())
        .set_hold(at.ours.id, other.name, random::public_id(), HoldReason::Claim, START.plus(LEASE))
        .await
        .unwrap();
    let raw = at.place.data().await;
    let mut before = Vec::new();
    for table in GONE {
        before.push(rows(&at, &raw, table, false).await);
    }
    let closing = close(&at).await;
    assert_eq!(
        (closing.what, closing.conversations),
        (What::Organisation, 2),
        "what is hidden goes by its own receipt"
    );
    let now = START.plus(CLOSING);
    assert_eq!(at.store.settle_closing(job(&at, now).await, now).await.unwrap(), Ending::GoesOn);
    hide(&at, now).await;
    at.store.advance_job(&job(&at, now).await, 2, now).await.unwrap();
    assert_eq!(at.store.shut(job(&at, now).await, now).await.unwrap(), Ending::GoesOn);
    at.store.advance_job(&job(&at, now).await, 9, now).await.unwrap();
    let mut portions = 1;
    while !at.store.purge_organisation(job(&at, now).await, now).await.unwrap() {
        portions += 1;
    }
    assert!(portions > 1, "700 messages are more than a portion");
    for (table, before) in GONE.iter().zip(before) {
        let left = rows(&at, &raw, table, true).await;
        let stays = matches!(*table, "erasure" | "job");
        assert_eq!(left.len(), usize::from(stays), "{table}: {left:?}");
        assert_eq!(rows(&at, &raw, table, false).await, before, "{table}: another's row");
    }
    let found = at.store.erasure_named(at.ours.id, closing.name).await.unwrap();
    assert_eq!((found.state, found.purged_at, found.conversations), (State::Destroyed, Some(now), 2));
    assert_eq!(found.messages, 702);
    // Once more changes nothing.
    at.store.replay_organisation(at.ours.id).await.unwrap();
    stored(at.store.append(theirs.operator(at.theirs.ada, 5, 2)).await);
}

async fn a_conversation_that_is_held_at_the_last_moment_keeps_it(at: Fixture) {
    let chat = at.chat().await;
    close(&at).await;
    let now = START.plus(CLOSING);
    at.store.settle_closing(job(&at, now).await, now).await.unwrap();
    let hold = async |until| {
        let name = random::public_id();
        at.store.audited(somebody()).set_hold(at.ours.id, chat.name, name, HoldReason::Claim, until).await
    };
    hide(&at, now).await;
    let until = now.plus(LEASE);
    hold(until).await.unwrap();
    at.store.advance_job(&job(&at, now).await, 2, now).await.unwrap();
    assert_eq!(at.store.shut(job(&at, now).await, now).await.unwrap(), Ending::Waits(until));
    assert_eq!(at.store.closing(at.ours.id, now).await.unwrap().closing.unwrap().state, State::Held);
    assert_eq!(at.store.shut(job(&at, until).await, until).await.unwrap(), Ending::GoesOn);
    assert!(hold(until.plus(LEASE)).await.is_err(), "too late: it is being destroyed");
}

async fn a_deletion_that_was_taken_back_is_hidden_before_everybody_is_shut_out(at: Fixture) {
    let chat = at.chat().await;
    let erasure = delete(&at, &[&chat]).await;
    close(&at).await;
    let now = START.plus(CLOSING);
    at.store.settle_closing(job(&at, now).await, now).await.unwrap();
    at.store.advance_job(&job(&at, now).await, 2, now).await.unwrap();
    let times = (moment(1), now);
    at.store
        .audited(somebody())
        .undo_erasure(at.ours.id, erasure.name, (at.ours.ada, all()), times, |_| {})
        .await
        .unwrap();
    assert_eq!(at.store.shut(job(&at, now).await, now).await.unwrap(), Ending::Shows);
    assert_eq!(job(&at, now).await.step, 1);
    assert!(at.store.operator(at.ours.id, at.ours.ada).await.unwrap().deactivated_at.is_none());
}

async fn what_a_restored_backup_has_of_it_goes_again(at: Fixture) {
    let (_chat, theirs) = (at.chat().await, at.chat_of(&at.theirs).await);
    // As it stands in the journal: by the random name only.
    let entry = journal::Entry {
        organisation: (at.ours.id, PublicId::from_bytes([7; 16])),
        at: START,
        erasure: random::public_id(),
        what: What::Organisation,
        conversations: Vec::new(),
        entries: Vec::new(),
        keys: Vec::new(),
    };
    at.store.append_journal(entry).await.unwrap();
    at.store.replay_organisation(at.ours.id).await.unwrap();
    let raw = at.place.data().await;
    for table in GONE {
        assert_eq!(rows(&at, &raw, table, true).await.len(), 0, "{table}");
    }
    assert_eq!(at.count("journal").await, 1);
    stored(at.store.append(theirs.operator(at.theirs.ada, 5, 1)).await);
}

async fn where_a_restored_backup_knows_of_its_notice_its_own_end_goes_on_to_the_receipt(at: Fixture) {
    at.chat().await;
    let closing = close(&at).await;
    let entry = journal::Entry {
        organisation: (at.ours.id, PublicId::from_bytes([7; 16])),
        at: START,
        erasure: closing.name,
        what: What::Organisation,
        conversations: Vec::new(),
        entries: Vec::new(),
        keys: Vec::new(),
    };
    let number = at.store.append_journal(entry.clone()).await.unwrap().number;
    at.store.replay_organisation(at.ours.id).await.unwrap();
    at.store.replay(number, entry, START).await.unwrap();
    let jobs = at.store.claim_jobs(Lane::Erasing, START, LEASE, 100).await.unwrap();
    let jobs: Vec<_> = jobs.iter().map(|job| (job.kind, job.subject)).collect();
    assert_eq!(jobs, [(Kind::Close, closing.id.0)], "and not thirty days later, nor as if it were a conversation");
    let found = at.store.erasure_named(at.ours.id, closing.name).await.unwrap();
    assert_eq!((found.state, found.journal_number), (State::Working, Some(number)));
}

async fn what_a_restore_deletes_again_is_held_by_nothing_that_nobody_could_end(at: Fixture) {
    let chat = at.chat().await;
    let by = at.store.audited(somebody());
    by.set_hold(at.ours.id, chat.name, random::public_id(), HoldReason::Claim, START.plus(CLOSING * 9)).await.unwrap();
    assert_eq!(at.store.closing(at.ours.id, START).await.unwrap().held, 1);
    let entry = journal::Entry {
        organisation: (at.ours.id, PublicId::from_bytes([7; 16])),
        at: START,
        erasure: random::public_id(),
        what: What::Conversation,
        conversations: vec![chat.name],
        entries: Vec::new(),
        keys: Vec::new(),
    };
    let number = at.store.append_journal(entry.clone()).await.unwrap().number;
    assert_eq!(at.store.replay(number, entry, START).await.unwrap().conversations, 1);
    assert_eq!(at.count("hold").await, 0);
    assert_eq!(at.store.closing(at.ours.id, START).await.unwrap().held, 0);
}
