//! Several nodes over one store: what one does, the other tells its sockets, with a bus that loses nothing, something or all.

use std::sync::Arc;
use std::time::Duration;

use bus::hub::{Fate, Hub};
use bus::{Mailbox, NodeId, Notice, Signal, Subscription, Topic, Who};
use diskret_app::App;
use diskret_app::conversation::assign::To;
use diskret_app::installation::WrongSecrets;
use diskret_app::secrets::Secrets;
use diskret_app::team::There;
use domain::{Clock as _, ConversationId, SenderId};
use testkit::eventually;

use crate::{HERE, House, message, on_both, write};

const PATIENCE: Duration = Duration::from_secs(10);
/// An operator's page.
const PAGE: SenderId = SenderId(5);

on_both! {
    what_one_node_stores_is_told_at_the_other
    with_a_bus_that_loses_everything_the_sweep_finds_it
    what_was_told_is_not_swept_again
    whoever_lost_a_conversation_long_ago_hears_nothing_of_it
    a_hand_over_behind_a_later_change_of_ones_own_is_told
    a_forged_notice_shows_nobody_anything
    what_was_corrected_at_one_node_is_read_so_at_the_other
    who_is_at_one_node_is_there_for_the_other
    whoever_goes_away_after_a_lost_connection_looks_present_nowhere
    whoever_goes_away_between_two_requests_is_away_at_once
    a_node_that_says_goodbye_takes_its_people_along
    a_node_with_other_secrets_does_not_serve
}

struct Pair {
    house: House,
    other: Arc<App>,
    hub: Arc<Hub>,
}

impl Pair {
    async fn of(house: House) -> Self {
        let (hub, other) = (Arc::new(Hub::default()), house.node(house.secrets()).await);
        for app in [&house.app, &other] {
            hub.join(app.bus());
            tokio::spawn(Arc::clone(app).hear_others());
            app.sweep().await.unwrap();
        }
        Self { house, other, hub }
    }
}

fn listen(app: &Arc<App>, topic: Topic) -> (Arc<Mailbox>, Subscription) {
    let mailbox = Arc::default();
    let held = app.bus().subscribe(topic, &mailbox);
    (mailbox, held)
}

/// The numbers of the last entries of the changes that come to a mailbox.
async fn told(mailbox: &Mailbox) -> Vec<i64> {
    let mut found = Vec::new();
    eventually(PATIENCE, "a change is told", async || {
        found = mailbox.take().changes.into_values().map(|change| change.progress.last_sequence).collect();
        !found.is_empty()
    })
    .await;
    found
}

async fn what_one_node_stores_is_told_at_the_other(house: House) {
    let pair = Pair::of(house).await;
    let (operators, _held) = listen(&pair.other, Topic::Unassigned(pair.house.done.principal.organisation));
    let mut visitor = pair.house.visitor().await;
    let begun = write(&pair.house, &mut visitor, 1).await;
    assert_eq!(told(&operators).await, [1]);
    let (follower, _held) = listen(&pair.other, Topic::Conversation(begun.conversation.id));
    write(&pair.house, &mut visitor, 2).await;
    assert_eq!(told(&follower).await, [2]);
}

async fn with_a_bus_that_loses_everything_the_sweep_finds_it(house: House) {
    let pair = Pair::of(house).await;
    pair.hub.decide(|_| Fate::IsLost);
    let (operators, _held) = listen(&pair.other, Topic::Unassigned(pair.house.done.principal.organisation));
    let mut visitor = pair.house.visitor().await;
    write(&pair.house, &mut visitor, 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(operators.take().changes.is_empty(), "the bus did lose it");
    assert_eq!(pair.other.sweep().await.unwrap(), 1);
    assert_eq!(told(&operators).await, [1]);
    // A hand-over takes the row from whoever had it.
    let owner = pair.house.done.principal;
    let name = visitor.conversation.as_ref().unwrap().name();
    let (whoever_had_it, _held) = listen(&pair.other, Topic::Operator(owner.operator));
    let to_owner = pair.house.app.person(owner.organisation, owner.operator).await.unwrap().name;
    pair.house.app.assign(owner, name, To::Operator(Some(to_owner)), None).await.unwrap();
    pair.other.sweep().await.unwrap();
    told(&whoever_had_it).await;
    pair.house.app.assign(owner, name, To::Operator(None), None).await.unwrap();
    pair.other.sweep().await.unwrap();
    let post = whoever_had_it.take();
    let change = post.changes.values().next().expect("they are told that it is gone");
    assert_eq!((change.progress.assignee, change.previous.assignee), (None, Some(owner.operator)));
}

async fn what_was_told_is_not_swept_again(house: House) {
    let pair = Pair::of(house).await;
    let (operators, _held) = listen(&pair.other, Topic::Unassigned(pair.house.done.principal.organisation));
    let (own, _held) = listen(&pair.house.app, Topic::Unassigned(pair.house.done.principal.organisation));
    let mut visitor = pair.house.visitor().await;
    write(&pair.house, &mut visitor, 1).await;
    told(&operators).await;
    told(&own).await;
    assert_eq!(pair.other.sweep().await.unwrap(), 0, "the bus told it");
    assert_eq!(pair.house.app.sweep().await.unwrap(), 0, "it was its own");
}

/// A hand-over is told once to whoever had it before, and what is said later is none of their business.
async fn whoever_lost_a_conversation_long_ago_hears_nothing_of_it(house: House) {
    let pair = Pair::of(house).await;
    let owner = pair.house.done.principal;
    let (everybody, _held) = listen(&pair.other, Topic::Unassigned(owner.organisation));
    let mut visitor = pair.house.visitor().await;
    let name = write(&pair.house, &mut visitor, 1).await.conversation.name();
    told(&everybody).await;
    let to_owner = pair.house.app.person(owner.organisation, owner.operator).await.unwrap().name;
    pair.house.app.assign(owner, name, To::Operator(Some(to_owner)), None).await.unwrap();
    told(&everybody).await;
    // Seen for good once whoever wrote meanwhile has ended.
    eventually(PATIENCE, "the hand-over is swept", async || {
        pair.other.sweep().await.unwrap();
        write(&pair.house, &mut visitor, visitor_counter()).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        everybody.take().changes.is_empty()
    })
    .await;
    let (owners, _held) = listen(&pair.other, Topic::Operator(owner.operator));
    write(&pair.house, &mut visitor, visitor_counter()).await;
    told(&owners).await;
    assert!(everybody.take().changes.is_empty());
}

/// The notice of the hand-over is lost, and this node stores the next message before it sweeps: its own news hide the other's.
async fn a_hand_over_behind_a_later_change_of_ones_own_is_told(house: House) {
    let pair = Pair::of(house).await;
    let owner = pair.house.done.principal;
    let mut visitor = pair.house.visitor().await;
    let name = write(&pair.house, &mut visitor, 1).await.conversation.name();
    eventually(PATIENCE, "the beginning is seen", async || {
        pair.other.sweep().await.unwrap();
        let (everybody, _held) = listen(&pair.other, Topic::Unassigned(owner.organisation));
        pair.other.sweep().await.unwrap();
        everybody.take().changes.is_empty()
    })
    .await;
    pair.hub.decide(|_| Fate::IsLost);
    let (everybody, _held) = listen(&pair.other, Topic::Unassigned(owner.organisation));
    let to_owner = pair.house.app.person(owner.organisation, owner.operator).await.unwrap().name;
    pair.house.app.assign(owner, name, To::Operator(Some(to_owner)), None).await.unwrap();
    let token = visitor.new_token.clone();
    let (again, _) = pair.other.visit(pair.house.done.widget, token.as_deref(), None, HERE).await.unwrap();
    let reference = again.conversation.clone().unwrap();
    pair.other.receive_from_visitor(&again, &reference, message(2)).await.unwrap().await.result.unwrap();
    assert!(everybody.take().changes.is_empty(), "its own news are none of theirs any more");
    pair.other.sweep().await.unwrap();
    let post = everybody.take();
    let change = post.changes.values().next().expect("the hand-over is told");
    assert_eq!((change.progress.assignee, change.previous.assignee), (Some(owner.operator), None));
}

/// Counters of the one visitor of a test, behind the first.
fn visitor_counter() -> i64 {
    std::thread_local!(static LAST: std::cell::Cell<i64> = const { std::cell::Cell::new(1) });
    LAST.with(|last| {
        last.set(last.get() + 1);
        last.get()
    })
}

/// Whoever reaches the bus can name what they like: the store says whose it is and where it stands.
async fn a_forged_notice_shows_nobody_anything(house: House) {
    let pair = Pair::of(house).await;
    let organisation = pair.house.done.principal.organisation;
    let (operators, _held) = listen(&pair.other, Topic::Unassigned(organisation));
    let mut visitor = pair.house.visitor().await;
    let begun = write(&pair.house, &mut visitor, 1).await;
    told(&operators).await;
    let foreign = domain::OrganisationId(organisation.0 + 1);
    let (strangers, _held) = listen(&pair.other, Topic::Unassigned(foreign));
    for (of, id) in [(foreign, begun.conversation.id), (organisation, ConversationId(i64::MAX))] {
        pair.other.bus().receive(Notice::Changed(of, id));
    }
    // A true one behind them shows that they were looked at.
    pair.other.bus().receive(Notice::Changed(organisation, begun.conversation.id));
    assert_eq!(told(&operators).await, [1]);
    assert!(strangers.take().changes.is_empty());
}

/// A node holds what it read a moment ago; a correction elsewhere must not wait until it has forgotten that.
async fn what_was_corrected_at_one_node_is_read_so_at_the_other(house: House) {
    let pair = Pair::of(house).await;
    let owner = pair.house.done.principal;
    let mut visitor = pair.house.visitor().await;
    let name = write(&pair.house, &mut visitor, 1).await.conversation.name();
    for counter in [1, 2] {
        let answer = pair.house.app.receive_from_operator(owner, name, message(counter)).await.unwrap();
        answer.await.result.unwrap();
    }
    let (_, read) = pair.other.entries_before(owner, name, i64::MAX, 10).await.unwrap();
    let (answer, last) = (read[2].numbers.sequence, read[3].numbers.sequence);
    let text = |entry: &diskret_app::opened::OpenedEntry| entry.text.as_ref().map(|text| text.reveal().to_owned());
    assert_eq!(text(&read[2]).as_deref(), Some("Nachricht 1"));
    let (reference, _) = pair.other.find(owner, name).await.unwrap();
    for (step, sequence, words) in [(1, answer, Some("Berichtigt")), (2, last, Some("Ebenso")), (3, answer, None)] {
        let (follower, _held) = listen(&pair.other, Topic::Conversation(reference.id));
        let new = words.map(|words| privacy::Plaintext::new(words.to_owned()));
        pair.house.app.alter(owner, name, sequence, new).await.unwrap();
        assert_eq!(told(&follower).await, [last + step]);
        // As sockets do: the event first, and with it what it speaks of.
        pair.other.entries_after(&reference, last + step - 1, last + step).await.unwrap();
        let now = pair.other.entry_now(&reference, sequence).await.unwrap();
        assert_eq!(text(&now).as_deref(), words);
    }
    let preview = pair.other.summary(owner, name).await.unwrap().preview;
    assert_eq!(preview.map(|(_, text)| text.reveal().to_owned()).as_deref(), Some("Ebenso"));
}

async fn who_is_at_one_node_is_there_for_the_other(house: House) {
    let pair = Pair::of(house).await;
    let owner = pair.house.done.principal;
    let (visitors, _held) = listen(&pair.other, Topic::Team(owner.organisation));
    assert!(!pair.other.is_team_online(owner.organisation));
    let first = pair.house.app.operator_comes(owner, PAGE, false).unwrap();
    eventually(PATIENCE, "the team is there", async || pair.other.is_team_online(owner.organisation)).await;
    assert_eq!(visitors.take().signals, [Signal::TeamPresence(true)]);
    // One more here, then none there: still somebody.
    let second = pair.other.operator_comes(owner, SenderId(6), false).unwrap();
    drop(first);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(pair.other.is_team_online(owner.organisation) && pair.house.app.is_team_online(owner.organisation));
    assert!(visitors.take().signals.is_empty(), "nothing has changed for the visitors");
    drop(second);
    eventually(PATIENCE, "nobody is there", async || !pair.house.app.is_team_online(owner.organisation)).await;
    assert_eq!(visitors.take().signals, [Signal::TeamPresence(false)]);

    // Who is away is known as that, and makes nobody look present.
    let away = pair.house.app.operator_comes(owner, PAGE, true);
    let person = pair.other.person(owner.organisation, owner.operator).await.unwrap();
    eventually(PATIENCE, "they are away", async || pair.other.is_there(&person) == There::Away).await;
    assert!(!pair.other.is_team_online(owner.organisation) && visitors.take().signals.is_empty());
    drop(away);
    eventually(PATIENCE, "they have gone", async || pair.other.is_there(&person) == There::Offline).await;

    // What was lost is made good by what is told again and again.
    pair.hub.decide(|_| Fate::IsLost);
    let _lost = pair.house.app.operator_comes(owner, PAGE, false).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!pair.other.is_team_online(owner.organisation), "it was lost");
    pair.hub.decide(|_| Fate::Arrives);
    pair.house.app.keep_in_touch();
    eventually(PATIENCE, "the team is there", async || pair.other.is_team_online(owner.organisation)).await;
}

async fn whoever_goes_away_after_a_lost_connection_looks_present_nowhere(house: House) {
    let pair = Pair::of(house).await;
    let owner = pair.house.done.principal;
    let person = pair.other.person(owner.organisation, owner.operator).await.unwrap();
    let seen = async |there: There| {
        eventually(PATIENCE, "both nodes say so", async || {
            pair.house.app.is_there(&person) == there && pair.other.is_there(&person) == there
        })
        .await;
    };
    // Nobody has noticed yet that this one is lost; the page is back at another node, and then nobody is at it.
    let lost = pair.house.app.operator_comes(owner, PAGE, false).unwrap();
    let back = pair.other.operator_comes(owner, PAGE, false).unwrap();
    seen(There::Online).await;
    let early = pair.house.clock.now();
    pair.house.clock.advance(Duration::from_millis(1));
    let away = pair.other.operator_comes(owner, PAGE, true).unwrap();
    drop(back);
    seen(There::Away).await;
    assert!(!pair.house.app.is_team_online(owner.organisation));
    // What comes late says nothing new, and a second page speaks for itself.
    let late = Notice::Page {
        node: NodeId(9),
        sender: PAGE.0,
        who: Who::Operator(owner.organisation, owner.operator),
        at: early.0,
    };
    pair.house.app.bus().receive(late.clone());
    pair.other.bus().receive(late);
    let second = pair.house.app.operator_comes(owner, SenderId(6), false).unwrap();
    seen(There::Online).await;
    drop(second);
    seen(There::Away).await;
    drop(away);
    drop(lost);
    seen(There::Offline).await;
}

async fn whoever_goes_away_between_two_requests_is_away_at_once(house: House) {
    let owner = house.done.principal;
    let person = house.app.person(owner.organisation, owner.operator).await.unwrap();
    let mut request = house.app.operator_comes(owner, PAGE, false).unwrap();
    request.stay_for(Duration::from_secs(10));
    drop(request);
    assert_eq!(house.app.is_there(&person), There::Online, "they are back in a moment");
    let waiting = house.app.operator_comes(owner, PAGE, false).unwrap();
    let away = house.app.operator_comes(owner, PAGE, true).unwrap();
    assert_eq!(house.app.is_there(&person), There::Away);
    drop(away);
    assert_eq!(
        house.app.is_there(&person),
        There::Away,
        "what the page said last holds for the connection that is left"
    );
    drop(waiting);
    drop(house.app.operator_comes(owner, PAGE, false));
    assert_eq!(house.app.is_there(&person), There::Online);
}

async fn a_node_that_says_goodbye_takes_its_people_along(house: House) {
    let pair = Pair::of(house).await;
    let owner = pair.house.done.principal;
    let node = NodeId(77);
    let crowd: Vec<Who> = (0..10).map(|id| Who::Visitor(ConversationId(id))).collect();
    let team = Who::Operator(owner.organisation, owner.operator);
    pair.other.bus().receive(Notice::Here { node, part: 0, parts: 1, who: crowd });
    pair.other.bus().receive(Notice::Came(node, team));
    eventually(PATIENCE, "they are there", async || pair.other.is_team_online(owner.organisation)).await;
    pair.other.bus().receive(Notice::Gone(node));
    eventually(PATIENCE, "they are gone", async || !pair.other.is_team_online(owner.organisation)).await;
}

async fn a_node_with_other_secrets_does_not_serve(house: House) {
    house.app.check_secrets().await.unwrap();
    house.node(house.secrets()).await.check_secrets().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let own = Secrets::load(&folder.path().join("secrets"), true).unwrap();
    assert!(matches!(house.node(own).await.check_secrets().await, Err(WrongSecrets::OpenNothing)));
    // The same epoch key with other keys beside it opens, but would refuse every visitor who comes back.
    let mixed = tempfile::tempdir().unwrap();
    for name in ["epoch-1.key", "visitor-tokens.key"] {
        let from =
            if name == "epoch-1.key" { house.folder.path().join("secrets") } else { folder.path().join("secrets") };
        std::fs::copy(from.join(name), mixed.path().join(name)).unwrap();
    }
    let mixed = Secrets::load(mixed.path(), true).unwrap();
    assert!(matches!(house.node(mixed).await.check_secrets().await, Err(WrongSecrets::Differ)));
}
