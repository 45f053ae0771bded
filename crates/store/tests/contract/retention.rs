//! What has ended and waits for its time, and the rules that say when that is.

use std::time::Duration;

use diskret_store::Error;
use diskret_store::append::Append;
use diskret_store::audit::Filter;
use diskret_store::conversation::Quiet;
use diskret_store::erasure::{Request, Subject};
use diskret_store::job::{Kind as Job, Lane};
use diskret_store::retention::Spoken;
use domain::audit::{Detail, Kind};
use domain::conversation::{Event, Kind as Entry, State};
use domain::erasure::Cause;
use domain::retention::{For, Kept, Rule};
use domain::{ConversationId, Timestamp};
use privacy::random;

use crate::erasure::{ask, request};
use crate::fixture::{Chat, Fixture, IDLE, START, acting, all, somebody, stored};

on_both![
    what_has_ended_is_found_by_its_last_word_and_not_by_its_end,
    what_is_taken_up_again_is_not_over,
    what_is_hidden_or_another_organisations_is_not_found,
    pages_leave_nothing_out_where_many_spoke_at_once,
    what_is_held_says_until_when,
    a_rule_is_set_changed_and_taken_away_and_the_log_says_what_was_before,
    the_rule_of_a_topic_goes_with_it,
    a_sweep_that_sleeps_too_long_is_woken_and_a_missing_one_comes,
    what_is_kept_for_a_day_is_over_by_then_whatever_else_is_done_in_it,
    what_ends_in_months_is_looked_at_every_day,
    what_is_taken_up_again_just_before_it_is_deleted_by_a_rule_stays,
    a_sweep_that_was_held_up_holds_up_the_next_until_somebody_looks,
];

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const FAR: Timestamp = Timestamp(i64::MAX);

async fn end(at: &Fixture, chat: &Chat, when: Timestamp, ended: bool) {
    let by = (at.ours.ada, all());
    let ends = at.store.audited(somebody()).set_ended(chat.tenant.id, chat.id, by, ended, when, when.plus(IDLE));
    assert!(ends.await.unwrap().is_some());
}

async fn found(at: &Fixture, until: Timestamp) -> Vec<(ConversationId, Timestamp)> {
    let mut found: Vec<_> = over(at, until, START).await.into_iter().map(|one| (one.said_at, one.id)).collect();
    found.sort_unstable();
    found.into_iter().map(|(said_at, id)| (id, said_at)).collect()
}

/// What has ended by then, class by class.
async fn over(at: &Fixture, until: Timestamp, now: Timestamp) -> Vec<Spoken> {
    let mut found = Vec::new();
    for class in at.store.ended_classes(at.ours.id).await.unwrap() {
        found.extend(at.store.ended(at.ours.id, class, None, (until, now), 100).await.unwrap());
    }
    found
}

async fn what_has_ended_is_found_by_its_last_word_and_not_by_its_end(at: Fixture) {
    let (by_hand, by_itself, open) = (at.chat().await, at.chat().await, at.chat().await);
    let said = START.plus(SECOND * 10);
    for chat in [&by_hand, &by_itself, &open] {
        stored(at.store.append(Append { at: said, ..chat.operator(at.ours.ada, 2, 1) }).await);
        // A note is said to nobody outside, and an event is not said at all.
        stored(at.store.append(Append { at: said.plus(HOUR), ..chat.note(at.ours.ada, 2, 2) }).await);
    }
    assert_eq!(found(&at, FAR).await, []);
    end(&at, &by_hand, START.plus(HOUR * 5), true).await;
    for job in at.store.claim_jobs(Lane::Quick, START.plus(HOUR * 9), HOUR, 10).await.unwrap() {
        if job.subject == by_itself.id.0 {
            at.store.end_if_idle(job, Quiet::ends(IDLE), None, START.plus(HOUR * 9)).await.unwrap();
        }
    }
    assert_eq!(at.head(&by_itself).await.progress.state, State::Ended);
    let both = [(by_hand.id, said), (by_itself.id, said)];
    assert_eq!(found(&at, said).await, both);
    assert_eq!(found(&at, said.minus(Duration::from_micros(1))).await, [], "its last word came a moment later");
    let spoken = at.store.spoken(at.ours.id, open.id, START).await.unwrap();
    assert_eq!((spoken.said_at, spoken.widget), (said, at.ours.widget), "one that has not ended says the same");
}

async fn what_is_taken_up_again_is_not_over(at: Fixture) {
    let (by_visitor, by_operator, noted) = (at.chat().await, at.chat().await, at.chat().await);
    for chat in [&by_visitor, &by_operator, &noted] {
        end(&at, chat, START.plus(HOUR), true).await;
    }
    assert_eq!(found(&at, FAR).await.len(), 3);
    let later = START.plus(HOUR * 2);
    stored(at.store.append(Append { at: later, ..by_visitor.visitor(1, 2) }).await);
    end(&at, &by_operator, later, false).await;
    stored(at.store.append(Append { at: later, ..noted.note(at.ours.ada, 2, 1) }).await);
    assert_eq!(found(&at, FAR).await, [(noted.id, START)], "a note takes nothing up and prolongs nothing");
    for chat in [&by_visitor, &by_operator] {
        end(&at, chat, later.plus(HOUR), true).await;
    }
    assert_eq!(found(&at, FAR).await, [(by_operator.id, START), (noted.id, START), (by_visitor.id, later)]);
}

async fn what_is_hidden_or_another_organisations_is_not_found(at: Fixture) {
    let (hidden, theirs) = (at.chat().await, at.chat_of(&at.theirs).await);
    end(&at, &hidden, START, true).await;
    let by = (at.theirs.ada, all());
    at.store.audited(somebody()).set_ended(at.theirs.id, theirs.id, by, true, START, START).await.unwrap();
    assert_eq!(found(&at, FAR).await, [(hidden.id, START)]);
    assert!(at.store.spoken(at.ours.id, theirs.id, START).await.is_err());
    at.place.data().await.run(&format!("DELETE FROM head WHERE conversation_id = {}", hidden.id)).await;
    assert_eq!(found(&at, FAR).await, []);
}

async fn pages_leave_nothing_out_where_many_spoke_at_once(at: Fixture) {
    let mut all = Vec::new();
    for number in 0..7 {
        let chat = at.chat().await;
        if number % 3 == 0 {
            stored(at.store.append(Append { at: START.plus(SECOND), ..chat.visitor(1, 2) }).await);
        }
        end(&at, &chat, START.plus(HOUR), true).await;
        all.push(chat.id);
    }
    let (mut paged, mut last): (Vec<Spoken>, Option<Spoken>) = (Vec::new(), None);
    let classes = at.store.ended_classes(at.ours.id).await.unwrap();
    assert_eq!((classes.len(), classes[0].oldest_at), (1, START));
    loop {
        let page = at.store.ended(at.ours.id, classes[0], last, (FAR, START), 2).await.unwrap();
        paged.extend(&page);
        match page.last() {
            Some(spoken) => last = Some(*spoken),
            None => break,
        }
    }
    let order: Vec<_> = paged.iter().map(|spoken| (spoken.said_at, spoken.id)).collect();
    assert!(order.is_sorted());
    let mut ids: Vec<_> = paged.iter().map(|spoken| spoken.id).collect();
    ids.sort();
    assert_eq!(ids, all);
}

async fn what_is_held_says_until_when(at: Fixture) {
    let (held, free) = (at.chat().await, at.chat().await);
    for chat in [&held, &free] {
        end(&at, chat, START, true).await;
    }
    let reason = domain::erasure::HoldReason::Claim;
    for until in [START.plus(HOUR), START.plus(DAY)] {
        let hold = at.store.audited(somebody()).set_hold(at.ours.id, held.name, random::public_id(), reason, until);
        hold.await.unwrap();
    }
    let until = async |now| {
        let page = over(&at, FAR, now).await;
        page.into_iter().map(|spoken| spoken.held_until).collect::<Vec<_>>()
    };
    assert_eq!(until(START).await, [Some(START.plus(DAY)), None], "the longest of them");
    assert_eq!(until(START.plus(DAY - SECOND)).await, [Some(START.plus(DAY)), None], "a second before its end");
    assert_eq!(until(START.plus(DAY)).await, [None, None]);
}

async fn a_rule_is_set_changed_and_taken_away_and_the_log_says_what_was_before(at: Fixture) {
    let title = "Rechnung".to_owned();
    let topic =
        at.store.audited(somebody()).insert_topic(at.ours.id, random::public_id(), title, 1, START).await.unwrap();
    let about = (Kept::Content, For::Topic(topic.number));
    let set = async |of: (Kept, For), days, named| {
        let by = at.store.audited(acting(at.ours.ada));
        by.set_retention(at.ours.id, (of.0, of.1, days), named).await.unwrap();
    };
    set((Kept::Content, For::All), Some(180), None).await;
    set(about, Some(30), Some(topic.name)).await;
    set(about, Some(90), Some(topic.name)).await;
    set(about, Some(90), Some(topic.name)).await;
    set((Kept::Content, For::Widget(at.ours.widget)), Some(7), None).await;
    let rules = async || at.store.retention_rules(at.ours.id).await.unwrap();
    let has = async || rules().await.iter().map(|one| (one.rule.of, one.rule.days)).collect::<Vec<_>>();
    let widget = For::Widget(at.ours.widget);
    assert_eq!(has().await, [(For::All, 180), (about.1, 90), (widget, 7)]);
    let first = rules().await.remove(0);
    assert_eq!((first.set_by, first.set_at), (Some(at.ours.ada), START));
    assert_eq!(first.rule, Rule { kept: Kept::Content, of: For::All, days: 180 });
    set(about, None, Some(topic.name)).await;
    assert_eq!(has().await, [(For::All, 180), (widget, 7)]);
    assert_eq!(at.store.retention_rules(at.theirs.id).await.unwrap(), []);
    let filter = Filter { kinds: vec![Kind::RetentionChanged], ..Filter::default() };
    let log = at.store.audit_after(at.ours.id, 0, filter, 100).await.unwrap();
    let days = |before: Option<&str>, after: Option<&str>| Detail {
        what: "days".to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    let said: Vec<_> = log.iter().map(|entry| entry.content.details()).collect();
    let (kind, named) = (Detail::is("kind", "content"), Detail::is("topic", topic.name));
    assert_eq!(
        said[..3],
        [
            vec![kind.clone(), days(None, Some("180"))],
            vec![kind.clone(), named.clone(), days(None, Some("30"))],
            vec![kind.clone(), named.clone(), days(Some("30"), Some("90"))],
        ]
    );
    assert_eq!(said.len(), 5, "what changes nothing is not recorded");
    assert_eq!(said[4], [kind, named, days(Some("90"), None)]);
}

async fn the_rule_of_a_topic_goes_with_it(at: Fixture) {
    let title = "Rechnung".to_owned();
    let insert = async || {
        let by = at.store.audited(somebody());
        by.insert_topic(at.ours.id, random::public_id(), title.clone(), 1, START).await.unwrap().number
    };
    let number = insert().await;
    let rule = (Kept::Content, For::Topic(number), Some(1));
    at.store.audited(somebody()).set_retention(at.ours.id, rule, None).await.unwrap();
    assert_eq!(at.store.retention_rules(at.ours.id).await.unwrap().len(), 1);
    at.store.audited(somebody()).delete_topic(at.ours.id, number).await.unwrap();
    assert_eq!(insert().await, number, "another one has its number now");
    assert_eq!(at.store.retention_rules(at.ours.id).await.unwrap(), []);
}

async fn a_sweep_that_sleeps_too_long_is_woken_and_a_missing_one_comes(at: Fixture) {
    let rule = (Kept::Content, For::All, Some(180));
    at.store.audited(somebody()).set_retention(at.ours.id, rule, None).await.unwrap();
    let due = async |now| {
        let claimed = at.store.claim_jobs(Lane::Erasing, now, SECOND, 10).await.unwrap();
        claimed.into_iter().map(|job| (job.kind, job.subject)).collect::<Vec<_>>()
    };
    let ours = [(Job::Retain, at.ours.id.0)];
    assert_eq!(due(START).await, ours, "a rule brings it");
    at.place.data().await.run("DELETE FROM job").await;
    assert_eq!(due(START.plus(DAY)).await, []);
    at.store.wake_retention(START, START.plus(HOUR)).await.unwrap();
    assert_eq!(due(START).await, ours);
    // The clock was a year ahead when it was last put off.
    let year = START.plus(DAY * 365);
    at.place.data().await.run(&format!("UPDATE job SET run_at = {}, leased_until = 0", year.0)).await;
    assert_eq!(due(START.plus(DAY)).await, []);
    at.store.wake_retention(START, START.plus(HOUR)).await.unwrap();
    assert_eq!(due(START).await, ours);
    // One that sleeps as it should is left alone.
    let soon = START.plus(HOUR);
    at.place.data().await.run(&format!("UPDATE job SET run_at = {}, leased_until = 0", soon.0)).await;
    at.store.wake_retention(START, START.plus(HOUR)).await.unwrap();
    assert_eq!(due(soon.minus(SECOND)).await, []);
    assert_eq!(due(soon).await, ours);
}

/// Does what is due of a conversation, as the worker does.
async fn work(at: &Fixture, quiet: Quiet, now: Timestamp) {
    for job in at.store.claim_jobs(Lane::Quick, now, SECOND, 10).await.unwrap() {
        if job.kind == Job::EndIdle {
            at.store.end_if_idle(job, quiet, None, now).await.unwrap();
        } else {
            at.store.return_if_due(job, now).await.unwrap();
        }
    }
}

async fn what_is_kept_for_a_day_is_over_by_then_whatever_else_is_done_in_it(at: Fixture) {
    let month = DAY * 30;
    let quiet = Quiet { ask: None, end: month, keep: Some(DAY * 3) };
    let (silent, noted, put_off) = (at.chat().await, at.chat().await, at.chat().await);
    let by = (at.ours.ada, all());
    at.store.snooze(at.ours.id, put_off.id, by, Some(START.plus(month)), START).await.unwrap();
    for day in 1..3 {
        let now = START.plus(DAY * day);
        stored(at.store.append(Append { at: now, ..noted.note(at.ours.ada, 2, i64::from(day)) }).await);
        work(&at, quiet, now).await;
    }
    let states = async || {
        let mut states = Vec::new();
        for chat in [&silent, &noted, &put_off] {
            states.push(at.head(chat).await.progress.state == State::Ended);
        }
        states
    };
    work(&at, quiet, START.plus(DAY * 3 - SECOND)).await;
    assert_eq!(states().await, [false; 3], "a second before");
    work(&at, quiet, START.plus(DAY * 3)).await;
    assert_eq!(states().await, [true; 3]);
    let last = at.entries(&put_off).await.pop().unwrap();
    assert_eq!(last.kind, Entry::Event(Event::EndedIdle));
    assert_eq!(found(&at, START).await.len(), 3, "and counts from its last word");
}

async fn what_is_taken_up_again_just_before_it_is_deleted_by_a_rule_stays(at: Fixture) {
    let (over, again, noted) = (at.chat().await, at.chat().await, at.chat().await);
    for chat in [&over, &again, &noted] {
        end(&at, chat, START, true).await;
    }
    let found: Vec<_> = found(&at, FAR).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(found.len(), 3);
    stored(at.store.append(again.visitor(1, 2)).await);
    stored(at.store.append(noted.note(at.ours.ada, 2, 1)).await);
    let asked = request(Subject::Conversations(found.clone()), None, Cause::Retention, START);
    assert_eq!(ask(&at, asked).await.unwrap().conversations, 2);
    assert_eq!(at.head(&again).await.progress.state, State::Open);
    let asked = request(Subject::Conversations(found), None, Cause::Retention, START);
    assert!(matches!(ask(&at, asked).await, Err(Error::NotFound)), "nothing is left");
}

async fn a_sweep_that_was_held_up_holds_up_the_next_until_somebody_looks(at: Fixture) {
    let (chat, later) = (at.chat().await, at.chat().await);
    end(&at, &chat, START, true).await;
    end(&at, &later, START, true).await;
    let is_braked = async |now: Timestamp| at.store.is_sweep_braked(at.ours.id, now.minus(DAY), now).await.unwrap();
    let asks = |chat: &Chat, braked, now| Request {
        braked,
        ..request(Subject::Conversations(vec![chat.id]), None, Cause::Retention, now)
    };
    ask(&at, asks(&later, false, START)).await.unwrap();
    assert!(!is_braked(START).await);
    let held_up = ask(&at, asks(&chat, true, START.plus(HOUR))).await.unwrap();
    let when = START.plus(HOUR);
    assert!(!is_braked(START).await, "by a clock that was put back");
    assert!(is_braked(when).await && is_braked(when.plus(DAY - SECOND)).await);
    assert!(!is_braked(when.plus(DAY)).await);
    assert!(!at.store.is_sweep_braked(at.theirs.id, START, when).await.unwrap());
    let by = at.store.audited(somebody());
    by.release_erasure(at.ours.id, held_up.name, (at.ours.ben, false), when).await.unwrap();
    assert!(!is_braked(when).await, "somebody looked");
}

async fn what_ends_in_months_is_looked_at_every_day(at: Fixture) {
    let month = DAY * 30;
    let begun = stored(at.store.append(Append { idle_at: START.plus(month), ..at.ours.first([7; 32], 1, 1) }).await);
    let id = begun.change.conversation;
    let looked = async |now| {
        let claimed = at.store.claim_jobs(Lane::Quick, now, SECOND, 10).await.unwrap();
        let count = claimed.len();
        for job in claimed {
            at.store.end_if_idle(job, Quiet::ends(month), None, now).await.unwrap();
        }
        count
    };
    // The rule may be another one tomorrow.
    for day in 1..30 {
        assert_eq!(looked(START.plus(DAY * day - SECOND)).await, 0);
        assert_eq!(looked(START.plus(DAY * day)).await, 1);
    }
    let state = async || at.store.conversation(at.ours.id, id).await.unwrap().progress.state;
    assert_eq!((looked(START.plus(month - SECOND)).await, state().await), (0, State::New));
    assert_eq!((looked(START.plus(month)).await, state().await), (1, State::Ended));
}
