//! The queue of durable processes (law L8).

use std::collections::HashSet;
use std::time::Duration;

use diskret_store::conversation::Quiet;
use diskret_store::job::{Kind, Lane};
use diskret_store::{Error, Settings};
use domain::{JobId, OrganisationId};
use futures_util::future::join_all;

use crate::fixture::{Fixture, IDLE, START, stored};

on_both![
    a_job_is_enqueued_with_its_conversation_and_once,
    a_job_is_claimed_by_one_of_many_workers,
    a_claim_takes_no_more_than_it_asked_for_and_the_oldest_first,
    a_lease_that_ran_out_lets_somebody_else_go_on,
    a_job_given_back_waits_for_its_time,
    a_job_given_back_after_the_lease_ran_out_stays_with_the_other_worker,
    a_job_of_another_program_is_not_run_and_not_lost,
    each_lane_is_claimed_for_itself_and_a_job_of_the_house_is_nobodys,
    a_step_that_is_done_is_not_done_again_by_whoever_lost_the_lease,
];

const LEASE: Duration = Duration::from_secs(60);

async fn a_job_is_enqueued_with_its_conversation_and_once(at: Fixture) {
    assert_eq!(at.count("job").await, 0);
    let chat = at.chat().await;
    let jobs = at.place.data().await.rows("SELECT organisation_id, kind, subject, run_at FROM job").await;
    let due = START.plus(IDLE).0.to_string();
    assert_eq!(jobs, [[at.ours.id.to_string(), "end_idle".to_owned(), chat.id.to_string(), due]]);
    stored(at.store.append(chat.visitor(1, 2)).await);
    assert_eq!(at.count("job").await, 1, "not again with each message");
}

async fn a_job_is_claimed_by_one_of_many_workers(at: Fixture) {
    const JOBS: usize = 30;
    let firsts = (0..JOBS).map(|n| at.store.append(at.ours.first([n as u8; 32], 1, 1)));
    for outcome in join_all(firsts).await {
        stored(outcome);
    }
    let other = at.node(Settings::default()).await;
    let due = START.plus(IDLE);
    let claims = (0..20).map(|n| {
        let store = if n % 2 == 0 { at.store.clone() } else { other.clone() };
        tokio::spawn(async move { store.claim_jobs(Lane::Quick, due, LEASE, 4).await })
    });
    let claims: Vec<_> = join_all(claims)
        .await
        .into_iter()
        .flat_map(|claim| claim.unwrap().unwrap())
        .map(|claimed| claimed.id)
        .collect();
    let distinct: HashSet<JobId> = claims.iter().copied().collect();
    assert_eq!(distinct.len(), claims.len(), "none twice");
    // SKIP LOCKED may leave some to the next round; nothing is lost.
    let rest = at.store.claim_jobs(Lane::Quick, due, LEASE, 100).await.unwrap();
    assert_eq!(distinct.len() + rest.len(), JOBS);
    assert!(rest.iter().all(|claimed| !distinct.contains(&claimed.id)));
}

async fn a_claim_takes_no_more_than_it_asked_for_and_the_oldest_first(at: Fixture) {
    let mut begun = Vec::new();
    for n in 0..6_u8 {
        let mut first = at.ours.first([n; 32], 1, 1);
        first.idle_at = crate::fixture::moment(i64::from(100 - n));
        begun.push(stored(at.store.append(first).await).change.conversation.0);
    }
    let now = crate::fixture::moment(98);
    let mut subjects: Vec<i64> = Vec::new();
    for most in [0, 1, 2, 100] {
        let claimed = at.store.claim_jobs(Lane::Quick, now, LEASE, most).await.unwrap();
        assert!(claimed.len() as i64 <= most);
        let mut claimed: Vec<i64> = claimed.iter().map(|claimed| claimed.subject).collect();
        claimed.sort_unstable_by_key(|subject| std::cmp::Reverse(*subject));
        subjects.extend(claimed);
    }
    begun.reverse();
    assert_eq!(subjects, begun[..4], "two are not due yet");
}

async fn a_lease_that_ran_out_lets_somebody_else_go_on(at: Fixture) {
    at.chat().await;
    let due = START.plus(IDLE);
    let first = at.store.claim_jobs(Lane::Quick, due, LEASE, 10).await.unwrap().remove(0);
    let almost = due.plus(LEASE - Duration::from_micros(1));
    assert!(at.store.claim_jobs(Lane::Quick, almost, LEASE, 10).await.unwrap().is_empty(), "one microsecond is left");
    let second = at.store.claim_jobs(Lane::Quick, due.plus(LEASE), LEASE, 10).await.unwrap().remove(0);
    assert_eq!((first.id, first.attempts, second.id, second.attempts), (second.id, 1, first.id, 2));
    let lost = at.store.end_if_idle(first, Quiet::ends(IDLE), None, due).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    assert!(at.store.end_if_idle(second, Quiet::ends(IDLE), None, due).await.unwrap().is_some());
}

async fn a_job_given_back_waits_for_its_time(at: Fixture) {
    at.chat().await;
    let due = START.plus(IDLE);
    let job = at.store.claim_jobs(Lane::Quick, due, LEASE, 10).await.unwrap().remove(0);
    let later = due.plus(Duration::from_secs(5));
    at.store.retry_job(&job, later).await.unwrap();
    assert!(at.store.claim_jobs(Lane::Quick, due, LEASE, 10).await.unwrap().is_empty());
    let again = at.store.claim_jobs(Lane::Quick, later, LEASE, 10).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempts), (job.id, 2), "attempts are remembered");
}

async fn a_job_given_back_after_the_lease_ran_out_stays_with_the_other_worker(at: Fixture) {
    at.chat().await;
    let due = START.plus(IDLE);
    let slow = at.store.claim_jobs(Lane::Quick, due, LEASE, 10).await.unwrap().remove(0);
    let other = at.store.claim_jobs(Lane::Quick, due.plus(LEASE), LEASE, 10).await.unwrap().remove(0);
    at.store.retry_job(&slow, due).await.unwrap();
    assert!(at.store.claim_jobs(Lane::Quick, due.plus(LEASE), LEASE, 10).await.unwrap().is_empty());
    assert!(at.store.end_if_idle(other, Quiet::ends(IDLE), None, due.plus(LEASE)).await.unwrap().is_some());
}

async fn a_job_of_another_program_is_not_run_and_not_lost(at: Fixture) {
    at.chat().await;
    let raw = at.place.data().await;
    raw.run("UPDATE job SET kind = 'from_the_future'").await;
    let known = at.chat().await;
    let due = START.plus(IDLE);
    let claimed = at.store.claim_jobs(Lane::Quick, due, LEASE, 10).await.unwrap();
    assert_eq!(claimed.len(), 1, "the other job is not held up");
    assert_eq!(claimed[0].subject, known.id.0);
    assert_eq!(raw.number("SELECT COUNT(*) FROM job WHERE kind = 'from_the_future'").await, 1);
    let later = due.plus(LEASE);
    assert!(
        at.store.claim_jobs(Lane::Quick, later, LEASE, 10).await.unwrap().iter().all(|job| job.subject == known.id.0)
    );
}

const HOUSE: OrganisationId = OrganisationId(0);

async fn each_lane_is_claimed_for_itself_and_a_job_of_the_house_is_nobodys(at: Fixture) {
    at.chat().await;
    let due = START.plus(IDLE);
    at.store.ensure_job(Kind::Turn, due, IDLE * 2, START).await.unwrap();
    at.store.reschedule_job(at.ours.id, Kind::Erase, 7, due, START).await.unwrap();
    for (lane, kind) in [(Lane::Keys, Kind::Turn), (Lane::Erasing, Kind::Erase), (Lane::Quick, Kind::EndIdle)] {
        let claimed = at.store.claim_jobs(lane, due, LEASE, 10).await.unwrap();
        assert_eq!(claimed.iter().map(|job| job.kind).collect::<Vec<_>>(), [kind]);
    }
    let sooner = due.minus(Duration::from_secs(1));
    at.store.ensure_job(Kind::Turn, sooner, IDLE * 2, START).await.unwrap();
    let times = "SELECT run_at FROM job WHERE kind = 'turn'";
    let raw = at.place.data().await;
    assert_eq!(raw.rows(times).await, [[due.0.to_string()]], "what is there stays");
    at.store.reschedule_job(HOUSE, Kind::Turn, 0, sooner, START).await.unwrap();
    assert_eq!(raw.rows(times).await, [[sooner.0.to_string()]]);
    // What was put off, or claimed, by a clock that was a year ahead is not waited for.
    let ahead = START.plus(Duration::from_secs(365 * 24 * 3600));
    at.store.reschedule_job(HOUSE, Kind::Turn, 0, ahead, START).await.unwrap();
    assert_eq!(at.store.claim_jobs(Lane::Keys, ahead, LEASE, 10).await.unwrap().len(), 1);
    at.store.ensure_job(Kind::Turn, due, IDLE * 2, START).await.unwrap();
    assert_eq!(raw.rows(times).await, [[due.0.to_string()]]);
    assert_eq!(at.store.claim_jobs(Lane::Keys, due, LEASE, 10).await.unwrap().len(), 1);
}

async fn a_step_that_is_done_is_not_done_again_by_whoever_lost_the_lease(at: Fixture) {
    at.store.ensure_job(Kind::Turn, START, IDLE, START).await.unwrap();
    let mut first = at.store.claim_jobs(Lane::Keys, START, LEASE, 1).await.unwrap().remove(0);
    assert_eq!(first.step, 0);
    at.store.renew_job(&mut first, START.plus(LEASE / 2), LEASE).await.unwrap();
    let then = START.plus(LEASE);
    assert!(at.store.claim_jobs(Lane::Keys, then, LEASE, 1).await.unwrap().is_empty(), "it was renewed");
    // Whoever claimed it gives it back with the lease that it has by now, also through a copy made before.
    let copy = first.clone();
    at.store.renew_job(&mut first, START.plus(LEASE), LEASE * 2).await.unwrap();
    at.store.retry_job(&copy, then).await.unwrap();
    let mut first = at.store.claim_jobs(Lane::Keys, then, LEASE * 2, 1).await.unwrap().remove(0);
    assert_eq!(first.attempts, 2, "a failure is counted");
    at.store.advance_job(&first, 3, then).await.unwrap();
    let second = at.store.claim_jobs(Lane::Keys, then, LEASE, 1).await.unwrap().remove(0);
    assert_eq!((second.step, second.attempts), (3, 1), "the next step counts its own attempts");
    let lost = at.store.advance_job(&first, 4, then).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    let lost = at.store.renew_job(&mut first, then, LEASE).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    assert_eq!(at.place.data().await.number("SELECT step FROM job").await, 3);
}
