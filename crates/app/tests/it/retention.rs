//! How long things are kept: days pass at once, and what is over goes, no sooner and no later.

use std::time::Duration;

use diskret_app::conversation::ListName;
use diskret_app::retention::{Named, Wanted};
use domain::erasure::{Cause, HoldReason, State as How};
use domain::retention::Kept;
use domain::{Clock as _, ErasureId, PublicId};
use store::job::Kind;

use crate::{Error, House, SECOND, on_both, write};

on_both! {
    a_second_before_its_time_it_is_there_and_a_second_after_it_is_going
    a_conversation_that_nobody_ends_goes_in_time_as_well
    the_preview_says_what_goes_and_nothing_else_goes
    what_must_not_be_deleted_is_hidden_and_goes_at_the_end_of_its_hold
    a_hold_that_is_taken_back_lets_it_go_at_once
    retention_after_the_clock_jumped_a_year_is_braked
    nothing_that_is_over_stays_unnoticed
    counters_are_equal_before_and_after
    what_breaks_a_rule_of_rules_is_refused_by_its_field
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const fn content(of: Named, days: Option<i64>) -> Wanted {
    Wanted { kept: Kept::Content, of, days }
}

impl House {
    async fn keep(&self, of: Named, days: Option<i64>) {
        self.app.set_retention(self.done.principal, content(of, days)).await.unwrap();
    }

    /// A conversation in which a visitor has said one thing, and which is over.
    async fn ended(&self) -> PublicId {
        let mut visitor = self.visitor().await;
        let id = write(self, &mut visitor, 1).await.conversation.name();
        self.app.set_ended(self.done.principal, id, true).await.unwrap();
        id
    }

    /// The sweep comes now, and whatever it brings about is done.
    async fn sweep(&self) {
        let (organisation, now) = (self.done.principal.organisation, self.clock.now());
        self.store.reschedule_job(organisation, Kind::Retain, organisation.0, now, now).await.unwrap();
        self.work().await;
    }

    async fn is_there(&self, id: PublicId) -> bool {
        match self.app.summary(self.done.principal, id).await {
            Ok(_) => true,
            Err(Error::NotFound) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The deletions there were, the newest first: how many conversations, and how far they are.
    async fn erasures(&self) -> Vec<(i64, How)> {
        let found = self.app.erasures(self.done.principal, ErasureId(i64::MAX), None, 100).await.unwrap();
        assert!(found.iter().all(|one| one.erasure.cause == Cause::Retention));
        found.into_iter().map(|one| (one.erasure.conversations, one.erasure.state)).collect()
    }

    /// Past the lease of every key.
    async fn destroy(&self) {
        for _ in 0..3 {
            self.clock.advance(MINUTE * 2);
            self.work().await;
        }
    }
}

async fn topic(house: &House, title: &str) -> PublicId {
    house.app.add_topic(house.done.principal, title, 1).await.unwrap().name
}

async fn a_second_before_its_time_it_is_there_and_a_second_after_it_is_going(house: House) {
    let (short, long) = (topic(&house, "Kurz").await, topic(&house, "Lang").await);
    house.keep(Named::All, Some(10)).await;
    house.keep(Named::Topic(short), Some(3)).await;
    house.keep(Named::Topic(long), Some(30)).await;
    let (plain, brief, lasting) = (house.ended().await, house.ended().await, house.ended().await);
    let principal = house.done.principal;
    house.app.set_topics(principal, brief, &[short], &[]).await.unwrap();
    house.app.set_topics(principal, lasting, &[short, long], &[]).await.unwrap();
    let mut gone = Duration::ZERO;
    for (id, days) in [(brief, 3), (plain, 10), (lasting, 30)] {
        let due = house.app.due(principal, id).await.unwrap();
        assert_eq!(due.rule.unwrap().days, days);
        house.clock.advance(DAY * days as u32 - gone - SECOND);
        assert_eq!(due.deletes_at, Some(house.clock.now().plus(SECOND)));
        house.sweep().await;
        assert!(house.is_there(id).await, "{days} days, a second before");
        house.clock.advance(SECOND);
        house.sweep().await;
        assert!(!house.is_there(id).await, "{days} days");
        gone = DAY * days as u32;
    }
    // Nobody who is quick enough to ask again at the right moment finds a key any more.
    house.destroy().await;
    assert_eq!(house.erasures().await, [(1, How::Destroyed); 3]);
}

async fn a_conversation_that_nobody_ends_goes_in_time_as_well(house: House) {
    house.keep(Named::All, Some(2)).await;
    let mut visitor = house.visitor().await;
    let id = write(&house, &mut visitor, 1).await.conversation.name();
    // Colleagues work on it all the time; that prolongs nothing.
    let until = house.clock.now().plus(DAY * 90);
    house.app.snooze(house.done.principal, id, Some(until)).await.unwrap();
    for _ in 0..24 {
        house.clock.advance(HOUR * 2);
        house.work().await;
    }
    house.sweep().await;
    assert!(!house.is_there(id).await);
    assert_eq!(house.app.list(house.done.principal, ListName::All, true, i64::MAX, 10).await.unwrap().len(), 0);
}

async fn the_preview_says_what_goes_and_nothing_else_goes(house: House) {
    let principal = house.done.principal;
    let about = topic(&house, "Vertrag").await;
    house.keep(Named::Topic(about), Some(20)).await;
    let mut all = Vec::new();
    for age in 0..6 {
        let (plain, contract) = (house.ended().await, house.ended().await);
        house.app.set_topics(principal, contract, &[about], &[]).await.unwrap();
        all.push((age, plain, contract));
        house.clock.advance(DAY);
    }
    // They are 6, 5, 4, 3, 2 and 1 days old.
    let wanted = content(Named::Widget(house.done.widget), Some(4));
    let look = house.app.preview_retention(principal, wanted).await.unwrap();
    assert_eq!((look.conversations, look.capped), (4, false), "of 3 days and more, until this time tomorrow");
    assert_eq!(
        look.by_widget.iter().map(|(name, _, count)| (*name, *count)).collect::<Vec<_>>(),
        [(house.done.widget, 4)]
    );
    house.sweep().await;
    assert_eq!(house.erasures().await, [], "a preview changes nothing");
    assert_eq!(house.app.preview_retention(principal, content(Named::All, Some(4))).await.unwrap(), look);
    let longer = house.app.preview_retention(principal, content(Named::Topic(about), Some(3_650))).await.unwrap();
    assert_eq!(longer.conversations, 0);
    let none = house.app.preview_retention(principal, content(Named::Topic(about), None)).await.unwrap();
    assert_eq!(none.conversations, 0, "no other rule takes its place");
    house.app.set_retention(principal, wanted).await.unwrap();
    assert_eq!(house.app.retention(principal).await.unwrap().tonight.conversations, 4);
    house.clock.advance(DAY);
    house.sweep().await;
    for (age, plain, contract) in all {
        assert_eq!(house.is_there(plain).await, age > 3, "{age}");
        assert!(house.is_there(contract).await, "{age}: a topic's rule is more than a chat surface's");
    }
    let overview = house.app.retention(principal).await.unwrap();
    assert_eq!((overview.tonight.conversations, overview.late), (1, Duration::ZERO));
    assert_eq!(house.app.preview_retention(principal, wanted).await.unwrap().conversations, 0, "it is so already");
}

async fn what_must_not_be_deleted_is_hidden_and_goes_at_the_end_of_its_hold(house: House) {
    let principal = house.done.principal;
    house.keep(Named::All, Some(1)).await;
    let (held, free) = (house.ended().await, house.ended().await);
    let until = house.clock.now().plus(DAY * 30);
    house.app.set_hold(principal, held, HoldReason::Claim, until).await.unwrap();
    let due = house.app.due(principal, held).await.unwrap();
    assert_eq!((due.deletes_at, due.held_until), (Some(until), Some(until)));
    house.clock.advance(DAY);
    house.sweep().await;
    assert!(!house.is_there(held).await && !house.is_there(free).await);
    house.destroy().await;
    let mut states = house.erasures().await;
    states.sort_by_key(|(_, state)| *state != How::Held);
    assert_eq!(states, [(1, How::Held), (1, How::Destroyed)], "the others do not wait with it");
    let holds = house.app.holds(principal).await.unwrap();
    assert_eq!((holds.len(), holds[0].is_restricted, holds[0].conversation_name), (1, true, held));
    let overview = house.app.retention(principal).await.unwrap();
    assert_eq!((overview.held, overview.late), (1, Duration::ZERO));
    house.clock.advance(Duration::from_micros((until.0 - house.clock.now().0).unsigned_abs()) - SECOND);
    house.work().await;
    assert_eq!(house.erasures().await.iter().filter(|(_, state)| *state == How::Held).count(), 1, "a second before");
    house.clock.advance(SECOND);
    house.work().await;
    house.destroy().await;
    assert_eq!(house.erasures().await, [(1, How::Destroyed); 2]);
}

async fn a_hold_that_is_taken_back_lets_it_go_at_once(house: House) {
    let principal = house.done.principal;
    house.keep(Named::All, Some(1)).await;
    let held = house.ended().await;
    let until = house.clock.now().plus(DAY * 300);
    let hold = house.app.set_hold(principal, held, HoldReason::Authority, until).await.unwrap();
    house.clock.advance(DAY);
    house.sweep().await;
    house.destroy().await;
    assert_eq!(house.erasures().await, [(1, How::Held)]);
    // One that is hidden already can be held once more, and both must end.
    let again = house.app.set_hold(principal, held, HoldReason::LegalDuty, until).await.unwrap();
    house.app.end_hold(principal, hold.name).await.unwrap();
    house.destroy().await;
    assert_eq!(house.erasures().await, [(1, How::Held)]);
    house.app.end_hold(principal, again.name).await.unwrap();
    house.destroy().await;
    assert_eq!(house.erasures().await, [(1, How::Destroyed)]);
    let late = house.app.set_hold(principal, held, HoldReason::Claim, until).await;
    assert!(matches!(late, Err(Error::NotFound | Error::Conflict(_))), "{late:?}");
}

async fn retention_after_the_clock_jumped_a_year_is_braked(house: House) {
    let principal = house.done.principal;
    house.keep(Named::All, Some(180)).await;
    house.sweep().await;
    let all = [house.ended().await, house.ended().await, house.ended().await];
    // Somebody sets the clock wrong.
    house.clock.advance(DAY * 365);
    house.work().await;
    assert_eq!(house.erasures().await, [(3, How::Braked)]);
    let found = house.app.erasures(principal, ErasureId(i64::MAX), None, 10).await.unwrap();
    house.app.undo_erasure(principal, found[0].erasure.name).await.unwrap();
    for id in all {
        assert!(house.is_there(id).await, "taken back, nothing is lost");
    }
    // As long as it is wrong, what the sweep deletes can be taken back.
    house.clock.advance(MINUTE * 10);
    house.work().await;
    assert_eq!(house.erasures().await, [(3, How::Braked), (3, How::Undone)]);
    // Where nobody minds, it is as it should be a day later.
    house.clock.advance(DAY - SECOND);
    house.work().await;
    assert_eq!(house.erasures().await[0], (3, How::Braked), "a second before");
    house.clock.advance(SECOND);
    house.work().await;
    house.destroy().await;
    assert_eq!(house.erasures().await[0], (3, How::Destroyed));
    // From then on it is swept as always.
    let next = house.ended().await;
    for _ in 0..180 * 2 {
        house.clock.advance(HOUR * 12);
        house.work().await;
    }
    assert!(!house.is_there(next).await);
    house.destroy().await;
    assert_eq!(house.erasures().await[0], (1, How::Destroyed));
}

async fn nothing_that_is_over_stays_unnoticed(house: House) {
    let principal = house.done.principal;
    house.keep(Named::All, Some(1)).await;
    house.ended().await;
    let late = async || house.app.retention(principal).await.unwrap().late;
    house.clock.advance(DAY + MINUTE * 15 - SECOND);
    assert_eq!(late().await, Duration::ZERO, "the sweep may take as long as that to come");
    house.clock.advance(SECOND * 2);
    assert_eq!(late().await, MINUTE * 15 + SECOND, "nobody swept");
    house.sweep().await;
    assert_eq!(late().await, Duration::ZERO);
}

async fn counters_are_equal_before_and_after(house: House) {
    let principal = house.done.principal;
    house.keep(Named::All, Some(1)).await;
    for _ in 0..3 {
        house.ended().await;
    }
    let (from, _) = house.app.counted_days(principal).await.unwrap().unwrap();
    let counted = async || {
        let (page, _) = house.app.counters(principal, from).await.unwrap();
        page.into_iter().map(|one| format!("{one:?}")).collect::<Vec<_>>()
    };
    let before = counted().await;
    assert!(before[0].contains("begun: 3"), "{before:?}");
    house.clock.advance(DAY);
    house.sweep().await;
    house.destroy().await;
    assert_eq!(house.erasures().await, [(3, How::Destroyed)]);
    assert_eq!(counted().await, before);
}

async fn what_breaks_a_rule_of_rules_is_refused_by_its_field(house: House) {
    let unknown = PublicId::from_bytes([9; 16]);
    for (wanted, wrong) in [
        (content(Named::All, Some(0)), "days"),
        (content(Named::All, Some(3_651)), "days"),
        (content(Named::All, Some(i64::MIN)), "days"),
        (content(Named::Widget(unknown), Some(1)), "widget"),
        (content(Named::Topic(unknown), Some(1)), "topic"),
        (Wanted { kept: Kept::Contacts, of: Named::All, days: Some(1) }, "kind"),
    ] {
        for refused in [
            house.app.set_retention(house.done.principal, wanted).await,
            house.app.preview_retention(house.done.principal, wanted).await,
        ] {
            assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == wrong), "{wanted:?}: {refused:?}");
        }
    }
    house.keep(Named::All, Some(1)).await;
    house.keep(Named::All, Some(3_650)).await;
    let now = house.clock.now();
    let id = house.ended().await;
    for until in [now, now.plus(DAY * 366 * 11 + SECOND)] {
        let refused = house.app.set_hold(house.done.principal, id, HoldReason::Claim, until).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "until", .. })), "{refused:?}");
    }
}
