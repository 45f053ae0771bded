//! The line to PostgreSQL breaks, right before a commit, right after it, or anywhere: nothing that was acknowledged is lost,
//! what is not known is told as such, and a retry under the same counter ends in exactly one message (law L1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diskret_store::append::Outcome;
use diskret_store::{Error, Location, Settings, Store};
use domain::conversation::Numbers;
use futures_util::future::join_all;
use testkit::{Break, PostgresProxy, Proxy, eventually};

use crate::durability::send_until;
use crate::fixture::{
    Chat, Fixture, Hold, PATIENCE, Place, Raw, START, all, assert_gapless, entries, numbers, somebody, stored,
};

/// The store is itself again within this time after the line is.
const RECOVERY: Duration = Duration::from_secs(5);

/// A store behind a proxy, and the fixture's own store around it.
struct Line {
    at: Fixture,
    proxy: PostgresProxy,
    store: Store,
    chat: Chat,
}

impl Line {
    async fn new() -> Self {
        Self::over(Fixture::postgres().await).await
    }

    async fn over(at: Fixture) -> Self {
        let proxy = PostgresProxy::before(&url(&at.place.data_location()));
        let store = through(proxy.url()).await;
        let chat = at.chat().await;
        Self { at, proxy, store, chat }
    }

    /// The numbers of a message as they stand in the database.
    async fn there(&self, sender: i64, counter: i64) -> Option<Numbers> {
        let found: Vec<_> = self.at.entries(&self.chat).await;
        let mut same = found.iter().filter(|entry| entry.sender.0 == sender && entry.counter == counter);
        let numbers = same.next().map(|entry| entry.numbers);
        assert!(same.next().is_none(), "stored twice");
        numbers
    }

    /// Sends until it is stored, as a client does after a moment.
    async fn send(&self, sender: i64, counter: i64) -> Outcome {
        let start = Instant::now();
        loop {
            match self.store.append(self.chat.visitor(sender, counter)).await {
                Ok(outcome) => return outcome,
                Err(error) if error.is_passing() && start.elapsed() < RECOVERY => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("after {:?}: {error:?}", start.elapsed()),
            }
        }
    }
}

fn url(location: &Location) -> String {
    match location {
        Location::Postgres(url) => url.clone(),
        Location::File(path) => panic!("{} is a file", path.display()),
    }
}

async fn through(url: &str) -> Store {
    Store::open(&Location::Postgres(url.to_owned()), Settings::default()).await.unwrap()
}

/// One message after the other, the line breaking at the so-manieth of them.
async fn breaks_at(kind: Break, position: i64) {
    let line = Line::new().await;
    line.proxy.break_at(kind, usize::try_from(position).unwrap());
    for counter in 1..=position + 2 {
        let outcome = line.store.append(line.chat.visitor(7, counter)).await;
        if counter != position {
            assert_eq!(stored(outcome).numbers, numbers(1 + counter, 1 + counter), "{kind:?} at {position}");
            continue;
        }
        assert!(matches!(outcome, Err(Error::Unknown(_))), "{kind:?} at {position}: {outcome:?}");
        let is_stored = kind != Break::BeforeCommit;
        let there = line.there(7, counter).await;
        assert_eq!(there, is_stored.then(|| numbers(1 + counter, 1 + counter)), "{kind:?} at {position}");
        match (line.send(7, counter).await, there) {
            (Outcome::Retried { conversation, numbers, at }, Some(there)) => {
                assert_eq!((conversation, numbers, at), (line.chat.id, there, START));
            }
            (Outcome::Stored(stored), None) => assert_eq!(stored.numbers, numbers(1 + counter, 1 + counter)),
            (outcome, there) => panic!("{kind:?} at {position}: {outcome:?} of {there:?}"),
        }
    }
    assert_eq!(line.proxy.broken(), 1);
    let entries = line.at.entries(&line.chat).await;
    assert_eq!(entries.len() as i64, 1 + position + 2);
    assert_gapless(&entries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrived_is_unknown_and_its_retry_is_stored_once() {
    for position in [1, 2, 5] {
        breaks_at(Break::BeforeCommit, position).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_unknown_and_its_retry_has_the_same_numbers() {
    for position in [1, 2, 5] {
        breaks_at(Break::AfterCommit, position).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_does_not_come_is_unknown_in_the_end() {
    let start = Instant::now();
    tokio::join!(breaks_at(Break::SilentAfterCommit, 1), breaks_at(Break::SilentAfterCommit, 3));
    assert!(start.elapsed() < Duration::from_secs(15), "it is waited for, but not for ever: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_load_whose_answer_was_lost_each_message_is_there_once() {
    for kind in [Break::BeforeCommit, Break::AfterCommit] {
        let line = Line::new().await;
        line.proxy.break_at_touching(kind, 1, "INSERT INTO message");
        let hold = line.at.plug(&line.store).await;
        let senders = 20..60;
        let together: Vec<_> = senders.clone().map(|sender| line.store.append(line.chat.visitor(sender, 1))).collect();
        hold.release().await;
        for outcome in join_all(together).await {
            assert!(matches!(outcome, Err(Error::Unknown(_))), "{kind:?}: {outcome:?}");
        }
        for sender in senders {
            let retried = matches!(line.send(sender, 1).await, Outcome::Retried { .. });
            assert_eq!(retried, kind == Break::AfterCommit, "{kind:?}");
        }
        let entries = line.at.entries(&line.chat).await;
        assert_eq!(entries.len(), 41, "{kind:?}");
        assert_gapless(&entries);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_message_whose_answer_was_lost_has_begun_one_conversation() {
    for (kind, begun) in [(Break::BeforeCommit, false), (Break::AfterCommit, true)] {
        let line = Line::new().await;
        line.proxy.break_at(kind, 1);
        let lost = line.store.append(line.at.ours.first([3; 32], 1, 1)).await;
        assert!(matches!(lost, Err(Error::Unknown(_))), "{lost:?}");
        eventually(RECOVERY, "the store is back", async || line.store.ping().await.is_ok()).await;
        let again = line.store.append(line.at.ours.first([3; 32], 1, 1)).await;
        assert_eq!(again == Ok(Outcome::AlreadyBegun), begun, "{kind:?}: {again:?}");
        assert_eq!(line.at.count("conversation").await, 2, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_answer_was_lost_is_unknown_and_not_run_again() {
    for (kind, is_done) in [(Break::BeforeCommit, false), (Break::AfterCommit, true)] {
        let line = Line::new().await;
        let (ours, chat) = (&line.at.ours, &line.chat);
        line.proxy.break_at(kind, 1);
        let lost =
            line.store.audited(somebody()).assign(ours.id, chat.id, (ours.ada, all()), Some(ours.ben), START).await;
        assert!(matches!(lost, Err(Error::Unknown(_))), "{lost:?}");
        let assignee = line.at.head(chat).await.progress.assignee;
        assert_eq!(assignee, is_done.then_some(ours.ben), "{kind:?}");
    }
}

/// What senders were told is true, however often and wherever the line broke.
async fn under_load(line: Line, trouble: impl AsyncFnOnce(&Line)) -> i64 {
    const SENDERS: i64 = 6;
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(send_until(line.store.clone(), line.chat.clone(), 100 + sender, Arc::clone(&stop))))
        .collect();
    trouble(&line).await;
    stop.store(true, Ordering::Relaxed);
    let mut troubles = 0;
    let mut counters = Vec::new();
    for sender in senders {
        let (counter, trouble) = tokio::time::timeout(PATIENCE, sender).await.expect("each is acknowledged").unwrap();
        troubles += trouble;
        counters.push(counter);
    }
    let entries = entries(&line.at.store, &line.chat).await;
    assert_gapless(&entries);
    for (sender, counter) in (100..).zip(counters) {
        let there = entries.iter().filter(|entry| entry.sender.0 == sender).count() as i64;
        assert_eq!(there, counter, "each acknowledged message of {sender} once");
    }
    troubles
}

/// Waits until so many more messages are there, seen around the proxy.
async fn more(line: &Line, messages: i64, within: Duration) {
    let from = line.at.head(&line.chat).await.progress.last_sequence;
    eventually(within, "messages are stored", async || {
        line.at.head(&line.chat).await.progress.last_sequence >= from + messages
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_breaks_again_and_again_under_load_loses_and_doubles_nothing() {
    let troubles = under_load(Line::new().await, async |line: &Line| {
        for (round, commit) in [1, 3, 2, 7, 5, 1, 4, 2].into_iter().enumerate() {
            let kind = if round % 2 == 0 { Break::AfterCommit } else { Break::BeforeCommit };
            line.proxy.break_at(kind, commit);
            eventually(PATIENCE, "the line breaks", async || line.proxy.broken() > round).await;
            more(line, 20, RECOVERY).await;
        }
    })
    .await;
    assert!(troubles >= 8, "each break was felt: {troubles}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_recovers_by_itself_once_the_line_is_mended() {
    let troubles = under_load(Line::new().await, async |line: &Line| {
        for cut in [50, 1500] {
            more(line, 50, PATIENCE).await;
            line.proxy.cut();
            tokio::time::sleep(Duration::from_millis(cut)).await;
            assert!(line.store.ping().await.is_err(), "it is away");
            line.proxy.mend();
            more(line, 1, RECOVERY).await;
            eventually(RECOVERY, "it can be read", async || line.store.ping().await.is_ok()).await;
        }
    })
    .await;
    assert!(troubles > 0, "the cut was felt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_commits_cost_time_and_nothing_else() {
    let troubles = under_load(Line::new().await, async |line: &Line| {
        line.proxy.delay_commits(Duration::from_millis(300));
        more(line, 30, PATIENCE).await;
        line.proxy.mend();
        more(line, 30, RECOVERY).await;
    })
    .await;
    assert_eq!(troubles, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_falls_silent_is_noticed_and_the_store_recovers() {
    let at = Fixture::postgres().await;
    let direct = url(&at.place.data_location());
    let place = direct.split_once('@').unwrap().1.split_once('/').unwrap().0;
    let silent = Proxy::to(place.parse().unwrap());
    let store = through(&direct.replacen(place, &silent.address().to_string(), 1)).await;
    let chat = at.chat().await;
    stored(store.append(chat.visitor(7, 1)).await);
    silent.blackhole();
    let told = tokio::time::timeout(PATIENCE, store.append(chat.visitor(7, 2))).await;
    let told = told.expect("whoever waits is told in the end");
    assert!(matches!(told, Err(Error::Unavailable(_))), "no commit was on its way: {told:?}");
    silent.mend();
    eventually(RECOVERY, "the store is back", async || store.ping().await.is_ok()).await;
    stored(store.append(chat.visitor(7, 2)).await);
    assert_gapless(&at.entries(&chat).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_vanishes_in_mid_transaction_holds_the_others_up_for_a_moment_only() {
    let line = Line::new().await;
    line.proxy.delay_commits(Duration::from_secs(600));
    let before = line.proxy.commits();
    let vanished = tokio::spawn(line.store.append(line.chat.visitor(7, 1)));
    eventually(PATIENCE, "its transaction is open", async || line.proxy.commits() > before).await;
    let start = Instant::now();
    let other = tokio::time::timeout(PATIENCE, line.at.store.append(line.chat.visitor(8, 1))).await;
    stored(other.expect("the other node goes on"));
    assert!(start.elapsed() > Duration::from_millis(500), "it did wait: {:?}", start.elapsed());
    let outcome = vanished.await.unwrap();
    assert!(matches!(outcome, Err(Error::Unknown(_))), "{outcome:?}");
    line.proxy.mend();
    assert!(matches!(line.send(7, 1).await, Outcome::Stored(_)), "it was rolled back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_nobody_lets_go_holds_the_others_up_for_a_while_only() {
    let at = Fixture::postgres().await;
    let (locked, free) = (at.chat().await, at.chat().await);
    let hold = hold(&at, &locked).await;
    let waits = tokio::spawn(at.store.append(locked.visitor(7, 1)));
    hold.until_somebody_waits(1).await;
    let behind = tokio::time::timeout(2 * PATIENCE, at.store.append(free.visitor(7, 1))).await;
    stored(behind.expect("the others go on"));
    let told = waits.await.unwrap();
    assert!(matches!(told, Err(Error::Unavailable(_))), "{told:?}");
    hold.release().await;
    // What was given up is not stored behind our back.
    assert!(matches!(at.store.append(locked.visitor(7, 1)).await, Ok(Outcome::Stored(_))));
    assert_gapless(&at.entries(&locked).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_are_not_answered_are_given_up_and_their_connections_replaced() {
    let at = Fixture::postgres().await;
    let chat = at.chat().await;
    let hold = at.hold().await;
    let reads = (0..6).map(|_| {
        let (store, tenant, id) = (at.store.clone(), chat.tenant.id, chat.id);
        tokio::spawn(async move { store.conversation(tenant, id).await })
    });
    let told = tokio::time::timeout(PATIENCE, join_all(reads)).await.expect("whoever waits is told in the end");
    for read in told {
        let read = read.unwrap();
        assert!(matches!(read, Err(Error::Unavailable(_) | Error::Busy)), "{read:?}");
    }
    hold.release().await;
    let back = async || at.store.conversation(chat.tenant.id, chat.id).await.is_ok();
    eventually(RECOVERY, "it can be read", back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_connection_left_it_is_told_and_the_store_recovers() {
    let server = testkit::Postgres::narrow(12);
    let line = Line::over(Fixture::at(Place::on(&server)).await).await;
    // Ours are given up, and others take all there are before we come back.
    line.proxy.cut();
    let direct = url(&line.at.place.data_location());
    let mut others = Vec::new();
    while let Ok((client, connection)) = tokio_postgres::connect(&direct, tokio_postgres::NoTls).await {
        tokio::spawn(connection);
        others.push(client);
        assert!(others.len() < 20, "there is an end to them");
    }
    line.proxy.mend();
    let start = Instant::now();
    for _ in 0..5 {
        let refused = line.store.append(line.chat.visitor(7, 1)).await;
        let Err(Error::Unavailable(why)) = &refused else { panic!("{refused:?}") };
        // The first one may learn only that its old connection has gone.
        assert!(why.contains("too many clients") || why.contains("closed"), "{why}");
    }
    let why = line.store.ping().await.unwrap_err().to_string();
    assert!(why.contains("too many clients"), "{why}");
    assert!(start.elapsed() < Duration::from_secs(3), "it is told at once: {:?}", start.elapsed());
    drop(others);
    assert!(matches!(line.send(7, 1).await, Outcome::Stored(_)));
    eventually(RECOVERY, "it can be read", async || line.store.ping().await.is_ok()).await;
}

/// Makes whoever touches this conversation wait.
async fn hold(at: &Fixture, chat: &Chat) -> Hold {
    let hold = Hold::new(at.place.data().await);
    // Of two that wait for each other the first to look is the victim: not we, who look later.
    hold.raw().run("SET deadlock_timeout = '5s'; BEGIN").await;
    assert!(lock(&hold, chat).await);
    hold
}

/// Whether we got it, and were not the victim.
async fn lock(hold: &Hold, chat: &Chat) -> bool {
    let Raw::Postgres(client) = hold.raw() else { panic!("there is nothing to lock in a file") };
    let text = format!("SELECT 1 FROM head WHERE conversation_id = {} FOR UPDATE", chat.id);
    client.batch_execute(&text).await.is_ok()
}

/// Has a load lose a deadlock; gives back the conversations that it wrote. None where we lost it: whoever waits looks once,
/// after a second, and on a busy machine that may be before we wait, too.
async fn lose_a_deadlock(at: &Fixture) -> Option<(Chat, Chat)> {
    let (plugged, first, second) = (at.chat().await, at.chat().await, at.chat().await);
    let plug = hold(at, &plugged).await;
    let before = tokio::spawn(at.store.append(plugged.visitor(7, 1)));
    plug.until_somebody_waits(1).await;
    let chats = [&first, &second, &first, &second];
    let together: Vec<_> =
        chats.iter().zip([1, 1, 2, 2]).map(|(chat, counter)| at.store.append(chat.visitor(7, counter))).collect();
    // A call in the same load, which has not run when the messages fail.
    let call =
        at.store.audited(somebody()).assign(at.ours.id, first.id, (at.ours.ada, all()), Some(at.ours.ben), START);
    let worst = async {
        let other = hold(at, &second).await;
        plug.release().await;
        stored(before.await.unwrap());
        // The load holds the first conversation and waits for the second, which we hold.
        other.until_somebody_waits(1).await;
        let has_lost = lock(&other, &first).await;
        other.release().await;
        has_lost
    };
    let (given, has_lost) = tokio::join!(call, worst);
    given.unwrap().unwrap();
    for outcome in join_all(together).await {
        stored(outcome);
    }
    has_lost.then_some((first, second))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_lost_a_deadlock_is_run_once_more() {
    let at = Fixture::postgres().await;
    let (start, mut rounds) = (Instant::now(), 0);
    let (first, second) = loop {
        rounds += 1;
        match lose_a_deadlock(&at).await {
            Some(chats) => break chats,
            None => assert!(start.elapsed() < 3 * PATIENCE, "no load has lost a deadlock"),
        }
    };
    let data = at.place.data().await;
    let lost = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    // The server tells its numbers when it has nothing else to do.
    eventually(PATIENCE, "each deadlock is counted", async || data.number(lost).await == rounds).await;
    for (chat, length) in [(&first, 4), (&second, 3)] {
        let entries = at.entries(chat).await;
        assert_eq!(entries.len(), length);
        assert_gapless(&entries);
    }
    assert_eq!(at.head(&first).await.progress.assignee, Some(at.ours.ben));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_isolates_more_than_asked_for_is_told_what_we_count_on() {
    let place = Place::postgres();
    let raw = place.data().await;
    let name = raw.rows("SELECT current_database()").await.remove(0).remove(0);
    raw.run(&format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")).await;
    let at = Fixture::at(place).await;
    let chat = at.chat().await;
    let hold = hold(&at, &chat).await;
    let outcome = tokio::spawn(at.store.append(chat.visitor(7, 1)));
    hold.until_somebody_waits(1).await;
    hold.raw().run(&format!("UPDATE head SET team_seen = team_seen WHERE conversation_id = {}", chat.id)).await;
    hold.release().await;
    assert_eq!(stored(outcome.await.unwrap()).numbers, numbers(2, 2));
}
