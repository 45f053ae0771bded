//! The journal of deletions: numbers without a gap, a chain, and how it goes on after a restore.

use diskret_store::Error;
use diskret_store::job::{Kind, Lane};
use diskret_store::journal::{Entry, Head, SUBJECTS};
use domain::erasure::What;
use domain::{KeyId, PublicId};
use futures_util::future::join_all;
use privacy::chain::BEGINNING;

use crate::fixture::{Fixture, Place, START, moment};

on_both![
    entries_are_numbered_and_chained_however_many_come_at_once,
    an_entry_with_too_many_subjects_is_refused_and_takes_no_number,
    a_place_never_falls_back,
    what_is_added_while_the_places_are_brought_up_to_date_has_them_brought_again,
    when_a_place_had_an_entry_is_kept_for_a_receipt_alone,
    a_restored_journal_goes_on_where_a_place_has_more,
    a_journal_that_does_not_follow_is_refused,
];

fn entry(at: &Fixture, number: u8) -> Entry {
    Entry {
        organisation: (at.ours.id, at.ours.name),
        at: moment(i64::from(number)),
        erasure: PublicId::from_bytes([number; 16]),
        what: What::Conversation,
        conversations: vec![PublicId::from_bytes([number; 16])],
        entries: Vec::new(),
        keys: vec![KeyId(i64::from(number))],
    }
}

async fn entries_are_numbered_and_chained_however_many_come_at_once(at: Fixture) {
    assert_eq!(at.store.journal_head().await, Ok(Head { number: 0, hash: BEGINNING }));
    let other = at.node(diskret_store::Settings::default()).await;
    let appended = (1..=20).map(|number| {
        let store = if number % 2 == 0 { &at.store } else { &other };
        store.append_journal(entry(&at, number))
    });
    let mut heads: Vec<Head> = join_all(appended).await.into_iter().map(Result::unwrap).collect();
    heads.sort_by_key(|head| head.number);
    assert!(heads.iter().map(|head| head.number).eq(1..=20));
    let lines = at.store.journal_after(0, 100).await.unwrap();
    let mut previous = BEGINNING;
    for (line, head) in lines.iter().zip(&heads) {
        assert!(line.follows(&previous));
        previous = line.hash;
        let (number, read) = Entry::read(&line.bytes).unwrap();
        assert_eq!((number, Head { number: line.number, hash: line.hash }), (line.number, *head));
        let expected = entry(&at, read.erasure.as_bytes()[0]);
        assert_eq!(read, Entry { organisation: read.organisation, ..expected });
        assert_eq!(read.organisation.1, at.ours.name);
    }
    assert_eq!(at.store.journal_head().await, Ok(heads[19]));
    assert_eq!(at.store.journal_after(18, 100).await.unwrap(), lines[18..]);
    assert_eq!(at.store.journal_after(3, 2).await.unwrap(), lines[3..5]);
    other.close().await;
}

async fn an_entry_with_too_many_subjects_is_refused_and_takes_no_number(at: Fixture) {
    let with = |count: usize| Entry { keys: (0..count as i64).map(KeyId).collect(), ..entry(&at, 1) };
    assert!(matches!(at.store.append_journal(with(SUBJECTS)).await, Err(Error::Broken(_))), "and a conversation");
    let head = at.store.append_journal(with(SUBJECTS - 1)).await.unwrap();
    assert_eq!(head.number, 1);
}

async fn a_place_never_falls_back(at: Fixture) {
    assert_eq!(at.store.journal_places().await, Ok(vec![]));
    for (place, upto, when) in [("b", 3, 1), ("a", 1, 2), ("b", 2, 3), ("a", 4, 4)] {
        at.store.note_journal_place(place.to_owned(), vec![(upto, moment(when))]).await.unwrap();
    }
    let expected = vec![("a".to_owned(), 4, moment(4)), ("b".to_owned(), 3, moment(1))];
    assert_eq!(at.store.journal_places().await, Ok(expected));
}

async fn a_restored_journal_goes_on_where_a_place_has_more(at: Fixture) {
    for number in 1..=5 {
        at.store.append_journal(entry(&at, number)).await.unwrap();
    }
    let lines = at.store.journal_after(0, 100).await.unwrap();
    let lines = |from: usize| lines[from..].iter().map(|line| (line.clone(), at.ours.id, START)).collect::<Vec<_>>();
    for place in [Place::files(), Place::postgres()] {
        let restored = Fixture::at(place).await;
        restored.store.continue_journal(lines(0)[..3].to_vec()).await.unwrap();
        // What is there already is compared, and what is missing is added.
        restored.store.continue_journal(lines(1)).await.unwrap();
        restored.store.continue_journal(lines(4)).await.unwrap();
        assert_eq!(restored.store.journal_head().await, at.store.journal_head().await);
        assert_eq!(restored.store.journal_after(0, 100).await, at.store.journal_after(0, 100).await);
        assert_eq!(restored.store.append_journal(entry(&at, 6)).await.unwrap().number, 6);
    }
}

async fn a_journal_that_does_not_follow_is_refused(at: Fixture) {
    for number in 1..=5 {
        at.store.append_journal(entry(&at, number)).await.unwrap();
    }
    let lines = at.store.journal_after(0, 100).await.unwrap();
    let given = |lines: &[diskret_store::journal::Line]| -> Vec<_> {
        lines.iter().map(|line| (line.clone(), at.ours.id, START)).collect()
    };
    let restored = Fixture::at(Place::files()).await;
    let refused = async |lines: Vec<_>| matches!(restored.store.continue_journal(lines).await, Err(Error::Broken(_)));
    assert!(refused(given(&lines[1..])).await, "the first is missing");
    let mut changed = lines.clone();
    changed[2].bytes[10] ^= 1;
    assert!(refused(given(&changed)).await);
    let mut gap = lines.clone();
    gap.remove(2);
    assert!(refused(given(&gap)).await);
    assert_eq!(restored.store.journal_head().await.unwrap().number, 0, "all or nothing");
    restored.store.continue_journal(given(&lines)).await.unwrap();
    let mut other = lines[2].clone();
    other.hash = [9; 32];
    assert!(refused(given(&[other])).await, "another one of the same number");
}

async fn what_is_added_while_the_places_are_brought_up_to_date_has_them_brought_again(at: Fixture) {
    let (lease, house) = (std::time::Duration::from_secs(60), domain::OrganisationId(0));
    at.store.append_journal(entry(&at, 1)).await.unwrap();
    at.store.reschedule_job(house, Kind::Journal, 0, START, START).await.unwrap();
    let claim = async |now| at.store.claim_jobs(Lane::Journal, now, lease, 1).await.unwrap();
    let (now, next) = (START.plus(lease), START.plus(lease * 10));
    let job = claim(START).await.remove(0);
    assert!(claim(now.minus(lease)).await.is_empty(), "one at a time");
    at.store.append_journal(entry(&at, 2)).await.unwrap();
    at.store.end_journal_round(&job, 1, next, now).await.unwrap();
    let job = claim(now).await.remove(0);
    at.store.end_journal_round(&job, 2, next, now).await.unwrap();
    assert!(claim(next.minus(std::time::Duration::from_secs(1))).await.is_empty(), "nothing was added");
    assert_eq!(claim(next).await.len(), 1);
}

async fn when_a_place_had_an_entry_is_kept_for_a_receipt_alone(at: Fixture) {
    at.store.append_journal(entry(&at, 1)).await.unwrap();
    at.store.note_journal_place("a".to_owned(), vec![(1, moment(5))]).await.unwrap();
    assert_eq!(at.store.journal_seen(1).await, Ok(vec![]), "no deletion waits for it");
    assert_eq!(at.store.journal_places().await, Ok(vec![("a".to_owned(), 1, moment(5))]));
}
