//! The audit log: gapless, bound to its effects, expiring, and whatever is done to it behind the store's back is named.

use std::time::Duration;

use diskret_store::audit::{Broken, Claim, EXPIRE_AT_ONCE, Entry, Fault, Filter, Occasion, Verified};
use diskret_store::operator::OperatorChange;
use diskret_store::session::Machine;
use diskret_store::{Error, Settings, Store};
use domain::audit::{Actor, Detail, KEPT, Kind, ONCE_IN, Origin};
use domain::{Groups, OrganisationId, Role, Timestamp};
use futures_util::future::join_all;
use privacy::chain::SigningKey;
use privacy::keys::RawKey;
use privacy::random;

use crate::fixture::{Fixture, START, Tenant, acting, all, moment, operator, proved, somebody, somebody_at, stored};

on_both![
    entries_are_numbered_without_a_gap_by_twenty_writers_at_two_nodes,
    what_was_not_done_is_not_recorded,
    what_cannot_be_recorded_is_not_done,
    an_entry_says_what_was_before_and_after,
    doing_nothing_records_nothing,
    what_an_entry_says_goes_after_a_year_and_the_chain_stays,
    a_look_is_recorded_once_an_hour_at_all_nodes_together,
    failed_sign_ins_are_counted,
    a_log_is_its_organisations_own,
    a_page_holds_what_was_asked_for,
    a_message_touches_nothing_of_the_log,
    looks_at_others_push_nothing_off_the_page_about_somebody,
    a_log_of_many_that_expire_at_once_goes_in_portions,
];

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::new(&RawKey::from_bytes([9; 32]))
}

async fn log(store: &Store, organisation: OrganisationId) -> Vec<Entry> {
    store.audit_after(organisation, 0, Filter::default(), 1_000_000).await.unwrap()
}

pub(crate) async fn verify_at(at: &Fixture, now: Timestamp, claims: Vec<Claim>) -> Verified {
    let whose = (at.ours.id, at.ours.name);
    at.store.verify_audit(whose, now, signing_key().public(), claims).await.unwrap()
}

pub(crate) async fn broken(at: &Fixture) -> Option<Broken> {
    verify_at(at, START, Vec::new()).await.broken
}

pub(crate) fn at_entry(number: i64, fault: Fault) -> Option<Broken> {
    Some(Broken { number, fault })
}

async fn rename(store: &Store, tenant: &Tenant, count: i64) {
    let group = store.audited(somebody()).insert_group(tenant.id, random::public_id(), "Group".to_owned(), START).await;
    let number = group.unwrap().number;
    for round in 1..count {
        store.audited(somebody()).rename_group(tenant.id, number, format!("Group {round}")).await.unwrap();
    }
}

/// Two of the foundation, and so many more.
pub(crate) async fn ten_entries(at: &Fixture) {
    rename(&at.store, &at.ours, 8).await;
    assert_eq!(at.store.audit_head(at.ours.id).await.unwrap().number, 10);
}

async fn entries_are_numbered_without_a_gap_by_twenty_writers_at_two_nodes(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let before = at.store.audit_head(at.ours.id).await.unwrap().number;
    let each = async |writer: i64| {
        let store = if writer % 2 == 0 { &at.store } else { &other };
        for round in 0..10_u8 {
            // Verbs that take different locks before that of the log's end. Those can lose against each other, as they
            // could before there was a log: whoever is told so asks again.
            let mut lost = 0;
            while let Err(error) = one_of_three(&at, store, writer, round).await {
                lost += 1;
                assert!(error.is_passing() && lost < 100, "{error}");
            }
        }
    };
    join_all((0..20).map(each)).await;
    let entries = log(&at.store, at.ours.id).await;
    assert!(entries.len() as i64 > before + 60, "{}", entries.len());
    let numbers: Vec<i64> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=entries.len() as i64).collect::<Vec<_>>());
    let sessions = entries.iter().filter(|entry| entry.kind() == Some(Kind::SignedIn)).count() as i64;
    assert_eq!(sessions, at.count("session").await, "as many as were done");
    assert_eq!(broken(&at).await, None);
}

async fn one_of_three(at: &Fixture, store: &Store, writer: i64, round: u8) -> diskret_store::Result<()> {
    let audited = store.audited(somebody());
    match (writer + i64::from(round)) % 3 {
        0 => {
            match audited.insert_group(at.ours.id, random::public_id(), format!("Group {writer} {round}"), START).await
            {
                Err(Error::Conflict(_)) => Ok(()),
                made => made.map(drop),
            }
        }
        1 => {
            let role = if round.is_multiple_of(2) { Role::Staff } else { Role::Agent };
            audited
                .change_operator(
                    at.owner(),
                    at.ours.ben,
                    OperatorChange { role: Some(role), ..OperatorChange::default() },
                    START,
                )
                .await
        }
        _ => {
            let mut hash = [round; 32];
            hash[0] = writer as u8;
            audited.insert_session(hash, proved(at.ours.id, at.ours.ada), START, Machine::default()).await.map(drop)
        }
    }
}

async fn what_was_not_done_is_not_recorded(at: Fixture) {
    let before = at.store.audit_head(at.ours.id).await.unwrap();
    let to = OperatorChange { role: Some(Role::Manager), ..OperatorChange::default() };
    let refused = at.store.audited(somebody()).change_operator(at.owner(), at.ours.ada, to, START).await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
    let twin = at.store.operator(at.ours.id, at.ours.ada).await.unwrap();
    assert!(matches!(at.store.audited(somebody()).insert_operator(twin, START).await, Err(Error::Conflict(_))));
    assert_eq!(at.store.audit_head(at.ours.id).await.unwrap(), before);
}

async fn what_cannot_be_recorded_is_not_done(at: Fixture) {
    let (before, raw) = (at.store.audit_head(at.ours.id).await.unwrap(), at.place.data().await);
    let session = || {
        at.store.audited(somebody()).insert_session([7; 32], proved(at.ours.id, at.ours.ada), START, Machine::default())
    };
    // Its place in the log is taken, so the entry fails after the effect was written.
    let stays = "INSERT INTO audit_entry (organisation_id, number, at, kind, commitment, hash)
        SELECT organisation_id, number + 1, at, kind, commitment, hash FROM audit_entry WHERE organisation_id = 1 AND number = 2";
    assert_eq!((at.ours.id.0, before.number), (1, 2));
    raw.run(stays).await;
    assert!(session().await.is_err());
    assert_eq!(at.count("session").await, 0, "the effect went with it");
    assert_eq!(at.store.audit_head(at.ours.id).await.unwrap(), before);
    raw.run("DELETE FROM audit_entry WHERE organisation_id = 1 AND number = 3").await;
    session().await.unwrap();
    assert_eq!((at.count("session").await, broken(&at).await), (1, None));
}

async fn an_entry_says_what_was_before_and_after(at: Fixture) {
    let group = at.store.audited(somebody()).insert_group(at.ours.id, random::public_id(), "Returns".to_owned(), START);
    let groups: Groups = [group.await.unwrap().number].into_iter().collect();
    let to = OperatorChange { role: Some(Role::Staff), groups: Some(groups), active: None };
    at.store.audited(somebody()).change_operator(at.owner(), at.ours.ben, to, START).await.unwrap();
    let mut widget = at.store.widgets(at.ours.id).await.unwrap().remove(0);
    widget.greeting = "Servus".to_owned();
    at.store.audited(somebody()).update_widget(widget.clone()).await.unwrap();
    let entries = log(&at.store, at.ours.id).await;
    let [.., changed, greeting] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((changed.kind(), changed.content.subject()), (Some(Kind::OperatorChanged), Some(at.ours.ben)));
    assert_eq!(changed.content.actor(), Some(Actor::CommandLine));
    assert_eq!(changed.content.origin(), Some(Origin::CommandLine));
    let became = |what: &str, before: Option<&str>, after: &str| Detail {
        what: what.to_owned(),
        before: before.map(str::to_owned),
        after: Some(after.to_owned()),
    };
    assert_eq!(changed.content.details(), [became("role", Some("agent"), "staff"), became("groups", None, "Returns")]);
    assert_eq!(
        greeting.content.details(),
        [Detail::is("widget", widget.name), became("greeting", Some("Grüß Gott 👋"), "Servus")]
    );
}

async fn doing_nothing_records_nothing(at: Fixture) {
    let chat = at.chat().await;
    let by = (at.ours.ada, all());
    let widget = at.store.widgets(at.ours.id).await.unwrap().remove(0);
    let assign = || at.store.audited(somebody()).assign(at.ours.id, chat.id, by, Some(at.ours.ben), START);
    assign().await.unwrap().unwrap();
    let before = at.store.audit_head(at.ours.id).await.unwrap();
    assert_eq!(assign().await.unwrap(), None);
    at.store.audited(somebody()).update_widget(widget).await.unwrap();
    at.store.audited(somebody()).delete_session([5; 32]).await.unwrap();
    assert_eq!(at.store.audit_head(at.ours.id).await.unwrap(), before);
}

async fn what_an_entry_says_goes_after_a_year_and_the_chain_stays(at: Fixture) {
    let later = START.plus(SECOND);
    at.store
        .audited(somebody_at(later))
        .insert_session([7; 32], proved(at.ours.id, at.ours.ada), later, Machine::default())
        .await
        .unwrap();
    let end = START.plus(KEPT);
    assert_eq!(at.store.expire_audit(end.minus(SECOND)).await, Ok(0), "a second too early");
    // Two of the foundation here, two of the other organisation.
    assert_eq!(at.store.expire_audit(end).await, Ok(4));
    assert_eq!(at.store.expire_audit(end).await, Ok(0));
    let entries = log(&at.store, at.ours.id).await;
    let gone: Vec<bool> = entries.iter().map(|entry| entry.salt.is_none() && entry.content.is_gone()).collect();
    assert_eq!(gone, [true, true, false]);
    assert_eq!(verify_at(&at, end, Vec::new()).await.broken, None, "what proves the chain is still there");
    assert_eq!(at.store.expire_audit(later.plus(KEPT)).await, Ok(1));
    assert_eq!(verify_at(&at, later.plus(KEPT), Vec::new()).await.broken, None);
    at.store
        .audited(somebody_at(end))
        .insert_session([8; 32], proved(at.ours.id, at.ours.ada), end, Machine::default())
        .await
        .unwrap();
    assert_eq!(verify_at(&at, later.plus(KEPT), Vec::new()).await.broken, None, "and goes on");
}

async fn a_look_is_recorded_once_an_hour_at_all_nodes_together(at: Fixture) {
    let other = at.node(Settings::default()).await;
    let looks = |store: &Store, subject, now| {
        let occasion = Occasion {
            organisation: at.ours.id,
            operator: at.ours.ada,
            kind: Kind::ConversationOpened,
            subject,
            about: None,
            details: Vec::new(),
        };
        let store = store.clone();
        async move { store.audited(somebody_at(now)).once(occasion).await.unwrap() }
    };
    let first = join_all((0..20).map(|index| looks(if index % 2 == 0 { &at.store } else { &other }, 1, START))).await;
    assert_eq!(first.into_iter().filter(|first| *first).count(), 1);
    assert!(looks(&at.store, 2, START).await, "another conversation");
    assert!(looks(&at.store, 1, START.plus(ONCE_IN)).await, "another hour");
    let seen = log(&at.store, at.ours.id).await;
    assert_eq!(seen.iter().filter(|entry| entry.kind() == Some(Kind::ConversationOpened)).count(), 3);
    at.store.audited(somebody_at(START.plus(ONCE_IN))).settle().await.unwrap();
    assert_eq!(at.count("audit_once").await, 1, "counts of hours that are over are forgotten");
    assert_eq!(log(&at.store, at.ours.id).await.len(), seen.len(), "of looks nothing more is said");
}

async fn failed_sign_ins_are_counted(at: Fixture) {
    for _ in 0..5 {
        let occasion = Occasion {
            organisation: at.ours.id,
            operator: at.ours.ben,
            kind: Kind::SignInFailed,
            subject: 0,
            about: Some(at.ours.ben),
            details: Vec::new(),
        };
        at.store.audited(somebody()).once(occasion).await.unwrap();
    }
    let failed = async || {
        let entries = log(&at.store, at.ours.id).await;
        let failed = entries.into_iter().filter(|entry| entry.kind() == Some(Kind::SignInFailed));
        failed.map(|entry| entry.content.details()).collect::<Vec<_>>()
    };
    assert_eq!(failed().await, [Vec::new()]);
    at.store.audited(somebody_at(START)).settle().await.unwrap();
    assert_eq!(failed().await.len(), 1, "the hour is not over");
    at.store.audited(somebody_at(START.plus(ONCE_IN))).settle().await.unwrap();
    assert_eq!(failed().await, [Vec::new(), vec![Detail::is("further", 4)]]);
    assert_eq!(broken(&at).await, None);
}

async fn a_log_is_its_organisations_own(at: Fixture) {
    ten_entries(&at).await;
    let theirs = log(&at.store, at.theirs.id).await;
    assert_eq!(theirs.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2]);
    assert!(theirs.iter().all(|entry| entry.organisation == at.theirs.id));
    assert_eq!(at.store.audit_about(at.theirs.id, at.ours.ada, i64::MAX, 100).await.unwrap(), []);
    let founded = at.store.insert_organisation(random::public_id(), "Third".to_owned(), START).await.unwrap();
    assert_eq!(at.store.audit_head(founded.id).await.unwrap().number, 0);
    // A log that another organisation's entries were put into.
    let raw = at.place.data().await;
    raw.run(&format!("UPDATE audit_entry SET organisation_id = {} WHERE number = 3", at.theirs.id.0)).await;
    let verified = at.store.verify_audit((at.theirs.id, at.theirs.name), START, [0; 32], Vec::new()).await.unwrap();
    assert_eq!(verified.broken, at_entry(3, Fault::Altered));
}

async fn a_page_holds_what_was_asked_for(at: Fixture) {
    ten_entries(&at).await;
    let carl =
        at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Agent), moment(9)).await.unwrap();
    let numbers = async |before, filter: Filter, most| {
        let found = at.store.audit_before(at.ours.id, before, filter, most).await.unwrap();
        found.into_iter().map(|entry| entry.number).collect::<Vec<_>>()
    };
    let all = Filter::default;
    assert_eq!(numbers(i64::MAX, all(), 3).await, [11, 10, 9]);
    assert_eq!(numbers(9, all(), 100).await, [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(i64::MAX, Filter { kinds: vec![Kind::GroupAdded], ..all() }, 100).await, [3]);
    let two = vec![Kind::GroupAdded, Kind::OperatorAdded];
    assert_eq!(numbers(i64::MAX, Filter { kinds: two, ..all() }, 100).await, [11, 3, 2, 1]);
    assert_eq!(numbers(i64::MAX, Filter { actor: Some(at.ours.ada), ..all() }, 100).await, [] as [i64; 0]);
    assert_eq!(numbers(i64::MAX, Filter { from: Some(moment(1)), ..all() }, 100).await, [] as [i64; 0]);
    assert_eq!(numbers(i64::MAX, Filter { to: Some(START), ..all() }, 100).await, [] as [i64; 0]);
    assert_eq!(numbers(i64::MAX, Filter { from: Some(START), to: Some(moment(1)), ..all() }, 1).await, [11]);
    let about = at.store.audit_about(at.ours.id, carl.id, i64::MAX, 100).await.unwrap();
    assert_eq!(about.iter().map(|entry| entry.number).collect::<Vec<_>>(), [11]);
}

async fn a_message_touches_nothing_of_the_log(at: Fixture) {
    let (chat, raw) = (at.chat().await, at.place.data().await);
    for table in ["audit_entry", "audit_head", "audit_checkpoint", "audit_once"] {
        raw.run(&format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
    }
    stored(at.store.append(chat.visitor(1, 2)).await);
    stored(at.store.append(chat.operator(at.ours.ada, 5, 1)).await);
    stored(at.store.append(at.ours.first([9; 32], 2, 1)).await);
    assert_eq!(at.entries(&chat).await.iter().filter(|entry| entry.message.is_some()).count(), 3);
    let session = at.store.audited(somebody()).insert_session(
        [7; 32],
        proved(at.ours.id, at.ours.ada),
        START,
        Machine::default(),
    );
    assert!(session.await.is_err(), "what is recorded does touch it");
}

async fn looks_at_others_push_nothing_off_the_page_about_somebody(at: Fixture) {
    let (ada, ben) = (at.ours.ada, at.ours.ben);
    let by = |who| at.store.audited(acting(who));
    let look = async |who, about| by(who).note(at.ours.id, Kind::AuditViewed, about, Vec::new()).await.unwrap();
    // About Ben are, by number: 2, where he was added; 3, 4 and 5.
    look(ada, Some(ben)).await;
    look(ada, None).await;
    look(ben, Some(ada)).await;
    for _ in 0..30 {
        look(ada, Some(ada)).await;
    }
    by(ada).note(at.ours.id, Kind::RecoveryKeyConfirmed, None, Vec::new()).await.unwrap();
    let page = async |whose, before, most| {
        let found = at.store.audit_about(at.ours.id, whose, before, most).await.unwrap();
        found.into_iter().map(|entry| entry.number).collect::<Vec<_>>()
    };
    assert_eq!(page(ben, i64::MAX, 3).await, [5, 4, 3]);
    assert_eq!(page(ben, 3, 3).await, [2]);
    assert_eq!(page(ada, i64::MAX, 4).await, [36, 35, 34, 33]);
}

async fn a_log_of_many_that_expire_at_once_goes_in_portions(at: Fixture) {
    let (raw, ours) = (at.place.data().await, at.ours.id.0);
    let many = EXPIRE_AT_ONCE * 2;
    raw.run(&format!(
        "INSERT INTO audit_entry (organisation_id, number, at, kind, commitment, hash, salt, details)
        WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 99 + {many})
        SELECT {ours}, i, {at} + i, kind, commitment, hash, salt, details
        FROM n CROSS JOIN audit_entry e WHERE e.organisation_id = {ours} AND e.number = 1",
        at = START.0
    ))
    .await;
    let left = async || raw.number("SELECT COUNT(*) FROM audit_entry WHERE salt IS NOT NULL").await;
    // Four of the foundation, in both logs; the oldest go first.
    assert_eq!(left().await, many as i64 + 4);
    let end = moment(1_000_000).plus(KEPT);
    for expected in [EXPIRE_AT_ONCE, EXPIRE_AT_ONCE, 4, 0] {
        assert_eq!(at.store.expire_audit(end).await, Ok(expected));
    }
    assert_eq!(left().await, 0);
}
