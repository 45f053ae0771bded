use domain::Timestamp;
use domain::conversation::Progress;

use super::*;
use crate::mailbox::SIGNALS;
use domain::{ConversationId, Hands, OperatorId};

fn change(assignee: Option<i64>, previous: Option<i64>, position: i64) -> Change {
    Change {
        organisation: OrganisationId(1),
        conversation: ConversationId(5),
        progress: Progress { assignee: assignee.map(OperatorId), ..Progress::default() },
        previous: Hands { assignee: previous.map(OperatorId), group: None, ..Hands::default() },
        began: false,
        at: Timestamp(0),
        position,
        gone: None,
    }
}

#[test]
fn who_had_it_and_who_has_it_are_both_told() {
    let bus = Arc::new(Bus::default());
    let boxes: Vec<Arc<Mailbox>> = (0..3).map(|_| Arc::default()).collect();
    let topics = [Topic::Operator(OperatorId(1)), Topic::Unassigned(OrganisationId(1)), Topic::Operator(OperatorId(2))];
    let _held: Vec<Subscription> =
        topics.iter().zip(&boxes).map(|(topic, mailbox)| bus.subscribe(*topic, mailbox)).collect();
    bus.publish(&change(Some(1), None, 1));
    assert_eq!(boxes.iter().map(|mailbox| mailbox.take().changes.len()).collect::<Vec<_>>(), [1, 1, 0]);
}

#[test]
fn whoever_was_asked_in_and_whoever_no_longer_is_are_both_told_and_once() {
    let bus = Arc::new(Bus::default());
    let boxes: Vec<Arc<Mailbox>> = (0..3).map(|_| Arc::default()).collect();
    let topics = [1, 2, 3].map(|id| Topic::Operator(OperatorId(id)));
    let _held: Vec<Subscription> =
        topics.iter().zip(&boxes).map(|(topic, mailbox)| bus.subscribe(*topic, mailbox)).collect();
    let mut change = change(None, None, 1);
    change.progress.guests = [OperatorId(1)].into_iter().collect();
    change.previous.guests = [OperatorId(1), OperatorId(2)].into_iter().collect();
    bus.publish(&change);
    assert_eq!(boxes.iter().map(|mailbox| mailbox.take().changes.len()).collect::<Vec<_>>(), [1, 1, 0]);
}

#[test]
fn changes_merge_and_keep_the_first_assignee_before() {
    let bus = Arc::new(Bus::default());
    let mailbox = Arc::default();
    let _held = bus.subscribe(Topic::Conversation(ConversationId(5)), &mailbox);
    bus.publish(&change(Some(1), None, 1));
    bus.publish(&change(Some(2), Some(1), 3));
    bus.publish(&change(Some(9), Some(9), 2));
    let post = mailbox.take();
    let merged = &post.changes[&ConversationId(5)];
    assert_eq!((merged.progress.assignee, merged.previous.assignee), (Some(OperatorId(2)), None));
    assert!(mailbox.take().changes.is_empty());
}

#[test]
fn nobody_is_told_after_the_subscription_ended() {
    let bus = Arc::new(Bus::default());
    let mailbox = Arc::default();
    let held = bus.subscribe(Topic::All(OrganisationId(1)), &mailbox);
    bus.publish(&change(None, None, 1));
    assert_eq!(mailbox.take().changes.len(), 1);
    drop(held);
    bus.publish(&change(None, None, 2));
    assert!(mailbox.take().changes.is_empty());
    assert!(bus.listeners.is_empty());
}

#[test]
fn a_reader_that_stopped_costs_a_bounded_number_of_signals() {
    let bus = Arc::new(Bus::default());
    let mailbox = Arc::default();
    let _held = bus.subscribe(Topic::Team(OrganisationId(1)), &mailbox);
    let topic = Topic::Team(OrganisationId(1));
    (0..1000).for_each(|id| bus.signal(topic, Signal::VisitorSeen(ConversationId(id), 1)));
    assert_eq!(mailbox.take().signals.len(), SIGNALS);
}

#[test]
fn somebody_who_types_without_end_pushes_nothing_out() {
    let bus = Arc::new(Bus::default());
    let mailbox = Arc::default();
    let topic = Topic::Conversation(ConversationId(1));
    let _held = bus.subscribe(topic, &mailbox);
    bus.signal(topic, Signal::TeamSeen(ConversationId(1), 7));
    (0..1000).for_each(|turn| bus.signal(topic, Signal::VisitorTyping(ConversationId(1), turn % 2 == 0)));
    let post = mailbox.take();
    assert_eq!(post.signals, [Signal::TeamSeen(ConversationId(1), 7), Signal::VisitorTyping(ConversationId(1), false)]);
}
