//! Nothing acknowledged is lost, doubled or reordered by `kill -9` (A11, SR1). Visitors and operators write under load
//! with several messages on their way, the program (and on PostgreSQL the database too) is killed at random moments, and
//! a checker compares what each client saw with what is stored.
//!
//! `DISKRET_SEED=…` repeats a run's moments and texts.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Postgres;

use crate::harness::{Caller, Heard, House, On, Plan, Socket, hello_visitor, random};

/// What one client (a page load) knows of one conversation.
#[derive(Clone, Debug, Default)]
struct Side {
    /// Texts by counter, from 1, in the order in which they were first sent.
    sent: Vec<String>,
    /// Counter to number, as acknowledged; every time.
    acknowledged: Vec<(i64, i64)>,
    /// Numbers and texts (none for events) as they came from the server, own ones that were acknowledged included.
    received: Vec<(i64, Option<String>)>,
    /// Whether numbers are the visitor's.
    is_visitor: bool,
}

/// An entry in the store.
#[derive(Clone, Debug)]
struct Stored {
    sequence: i64,
    visible: i64,
    text: Option<String>,
}

/// Everything that both sides know.
#[derive(Clone, Debug, Default)]
struct Story {
    /// By client and conversation.
    sides: BTreeMap<(String, String), Side>,
    /// By conversation.
    stored: BTreeMap<String, Vec<Stored>>,
}

/// Everything that is wrong with a story.
fn faults(story: &Story) -> Vec<String> {
    let mut faults = Vec::new();
    let mut written: HashMap<(&str, &str), usize> = HashMap::new();
    for (id, entries) in &story.stored {
        let (mut sequence, mut visible) = (0, 0);
        for entry in entries {
            sequence += 1;
            // These conversations have no notes, so every entry counts for the visitor.
            visible += 1;
            if (entry.sequence, entry.visible) != (sequence, visible) {
                faults.push(format!("{id}: entry {sequence} has the numbers {}, {}", entry.sequence, entry.visible));
            }
            if let Some(text) = &entry.text {
                *written.entry((id, text)).or_default() += 1;
            }
        }
    }
    let mut sent = HashSet::new();
    for ((client, id), side) in &story.sides {
        let empty = Vec::new();
        let entries = story.stored.get(id).unwrap_or(&empty);
        let at = |number: i64| {
            entries.iter().find(|entry| number == if side.is_visitor { entry.visible } else { entry.sequence })
        };
        sent.extend(side.sent.iter().map(|text| (id.as_str(), text.as_str())));
        let mut first = HashMap::new();
        for (counter, number) in &side.acknowledged {
            let text = usize::try_from(counter - 1).ok().and_then(|index| side.sent.get(index));
            match (at(*number), text) {
                (Some(entry), Some(text)) if entry.text.as_ref() == Some(text) => {}
                _ => faults.push(format!("{client}: message {counter} was acknowledged as {number} and is not there")),
            }
            if *first.entry(counter).or_insert(number) != number {
                faults.push(format!("{client}: message {counter} was acknowledged under two numbers"));
            }
        }
        for (number, text) in &side.received {
            if at(*number).is_none_or(|entry| entry.text != *text) {
                faults.push(format!("{client}: what came as {number} is not what is stored"));
            }
        }
        for pair in side.received.windows(2) {
            if pair[1].0 != pair[0].0 + 1 {
                faults.push(format!("{client}: {} came after {}", pair[1].0, pair[0].0));
            }
        }
        if side.received.first().is_some_and(|(number, _)| *number != 1) {
            faults.push(format!("{client}: what came first was not the first"));
        }
        let own: Vec<&String> =
            entries.iter().filter_map(|entry| entry.text.as_ref()).filter(|text| side.sent.contains(text)).collect();
        if own.iter().zip(&side.sent).any(|(stored, sent)| *stored != sent) {
            faults.push(format!("{client}: the order of their messages changed"));
        }
        if own.len() < side.acknowledged.iter().map(|(counter, _)| *counter).max().unwrap_or(0) as usize {
            faults.push(format!("{client}: an acknowledged message, or one before it, is missing"));
        }
    }
    for ((id, text), count) in written {
        if count > 1 {
            faults.push(format!("{id}: `{text}` is stored {count} times"));
        }
        if !sent.contains(&(id, text)) {
            faults.push(format!("{id}: `{text}` was never sent"));
        }
    }
    faults
}

#[test]
fn the_checker_finds_what_is_planted() {
    let entry = |number: i64, text: &str| Stored { sequence: number, visible: number, text: Some(text.to_owned()) };
    let text = |text: &str| Some(text.to_owned());
    let mut story = Story::default();
    let stored = vec![entry(1, "a1"), entry(2, "b1"), entry(3, "a2"), entry(4, "a3")];
    story.stored.insert("chat".to_owned(), stored);
    let all = vec![(1, text("a1")), (2, text("b1")), (3, text("a2")), (4, text("a3"))];
    let a = Side {
        sent: vec!["a1".to_owned(), "a2".to_owned(), "a3".to_owned(), "a4".to_owned()],
        acknowledged: vec![(1, 1), (2, 3), (3, 4), (3, 4)],
        received: all.clone(),
        is_visitor: true,
    };
    let b = Side { sent: vec!["b1".to_owned()], acknowledged: vec![(1, 2)], received: all, is_visitor: false };
    story.sides.insert(("a".to_owned(), "chat".to_owned()), a);
    story.sides.insert(("b".to_owned(), "chat".to_owned()), b);
    assert_eq!(faults(&story), Vec::<String>::new());

    let plant = |what: &str, change: &dyn Fn(&mut Vec<Stored>, &mut Side), found: &str| {
        let mut story = story.clone();
        let side = story.sides.get_mut(&("a".to_owned(), "chat".to_owned())).unwrap();
        change(story.stored.get_mut("chat").unwrap(), side);
        let faults = faults(&story);
        assert!(faults.iter().any(|fault| fault.contains(found)), "{what}: {faults:?}");
    };
    plant("loss", &|stored, _| drop(stored.pop()), "acknowledged as 4 and is not there");
    plant("loss in the middle", &|stored, _| drop(stored.remove(1)), "has the numbers");
    plant(
        "the last one lost",
        &|stored, side| {
            stored.pop();
            side.received.pop();
        },
        "is missing",
    );
    plant("duplicate", &|stored, _| stored.push(entry(5, "a3")), "stored 2 times");
    plant(
        "swap",
        &|stored, _| {
            (stored[2].text, stored[3].text) = (stored[3].text.clone(), stored[2].text.clone());
        },
        "the order of their messages changed",
    );
    plant("invention", &|stored, _| stored.push(entry(5, "x")), "never sent");
    plant("another text", &|stored, _| stored[1].text = text("b2"), "came as 2 is not what is stored");
    plant("a gap in the numbers", &|stored, _| stored[3].sequence = 5, "has the numbers");
    plant("two numbers", &|_, side| side.acknowledged.push((2, 1)), "two numbers");
    plant("a hole in what came", &|_, side| drop(side.received.remove(1)), "3 came after 1");
    plant("twice what came", &|_, side| side.received.insert(1, (1, text("a1"))), "1 came after 1");
}

/// Numbers from a seed (splitmix64).
struct Dice(Cell<u64>);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

const VISITORS: usize = 20;
const OPERATORS: usize = 5;
const WINDOW: usize = 8;

/// What all clients share.
struct Scene {
    house: House,
    story: RefCell<Story>,
    /// Cleared when nobody shall write anything new.
    busy: Cell<bool>,
    /// Whose every message was acknowledged.
    settled: RefCell<HashSet<String>>,
    /// The last numbers of each conversation, known once everybody has settled: who has not heard so far goes on
    /// listening, so that what is stored but never told is noticed.
    last: RefCell<HashMap<String, (i64, i64)>>,
    ids: RefCell<Vec<String>>,
}

/// Counters of one client in one conversation that were sent and not acknowledged, and how far it has come.
#[derive(Default)]
struct Line {
    acknowledged: i64,
    /// The next counter to be sent on this socket.
    next: i64,
    held: i64,
}

impl Scene {
    fn side<T>(&self, client: &str, id: &str, change: impl FnOnce(&mut Side) -> T) -> T {
        let mut story = self.story.borrow_mut();
        change(story.sides.entry((client.to_owned(), id.to_owned())).or_default())
    }

    /// An entry came, or an acknowledgement, under this number; whatever is told twice is a fault.
    fn arrived(&self, client: &str, id: &str, line: &mut Line, number: i64, text: Option<String>) {
        line.held = number;
        self.side(client, id, |side| side.received.push((number, text)));
    }

    fn acknowledged(&self, client: &str, id: &str, line: &mut Line, counter: i64, number: i64) {
        let text = self.side(client, id, |side| {
            side.acknowledged.push((counter, number));
            side.sent[counter as usize - 1].clone()
        });
        line.acknowledged = line.acknowledged.max(counter);
        // What came while we were away is acknowledged once more, under its old number.
        if number > line.held {
            self.arrived(client, id, line, number, Some(text));
        }
    }

    /// A visitor from the first frame to the last.
    async fn visit(self: Rc<Self>, number: usize) {
        let (client, sender) = (format!("visitor {number}"), format!("{:016x}", 0xa000 + number));
        let (mut token, mut id) = (None::<String>, None::<String>);
        let mut line = Line::default();
        let mut sent: Vec<String> = Vec::new();
        loop {
            let Ok(mut socket) = self.socket(None).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let mut hello = hello_visitor(&self.house.ours().widget, &sender);
            (hello["token"], hello["after"]) = (json!(token), line.held.into());
            socket.say(hello).await;
            line.next = line.acknowledged + 1;
            let mut greeted = false;
            loop {
                if self.is_acknowledged(&line, sent.len()) {
                    self.settled.borrow_mut().insert(client.clone());
                    let last = id.as_ref().and_then(|id| self.last.borrow().get(id).copied());
                    if last.is_some_and(|(_, visible)| line.held >= visible) {
                        return;
                    }
                }
                if greeted {
                    while line.next - line.acknowledged <= WINDOW as i64 {
                        if line.next as usize > sent.len() {
                            if !self.busy.get() {
                                break;
                            }
                            sent.push(format!("visitor {number} says {}", line.next));
                            if let Some(id) = &id {
                                self.side(&client, id, |side| side.sent.clone_from(&sent));
                            }
                        }
                        let text = &sent[line.next as usize - 1];
                        socket.say(json!({ "type": "message", "counter": line.next, "text": text })).await;
                        line.next += 1;
                        // The first one begins the conversation; the others wait for its name.
                        if id.is_none() {
                            break;
                        }
                    }
                }
                let Some(heard) = hear(&mut socket).await else { continue };
                let Heard::Frame(frame) = heard else { break };
                let counter = frame["counter"].as_i64().unwrap_or_default();
                match frame["type"].as_str().unwrap() {
                    "welcome" => {
                        greeted = true;
                        if let Some(new) = frame["token"].as_str() {
                            token = Some(new.to_owned());
                        }
                    }
                    kind @ ("message" | "event" | "accepted") => {
                        let chat = frame["conversation"].as_str().unwrap().to_owned();
                        if id.is_none() {
                            self.ids.borrow_mut().push(chat.clone());
                            id = Some(chat.clone());
                            self.side(&client, &chat, |side| (side.is_visitor, side.sent) = (true, sent.clone()));
                        }
                        assert_eq!(id.as_ref(), Some(&chat), "one token, one conversation");
                        let number = frame["sequence"].as_i64().unwrap();
                        match kind {
                            "accepted" => self.acknowledged(&client, &chat, &mut line, counter, number),
                            _ => self.arrived(&client, &chat, &mut line, number, text_of(&frame)),
                        }
                    }
                    "problem" => {
                        if frame["fatal"] == true {
                            break;
                        }
                        // Not stored, or not known whether: from there once more.
                        line.next = line.next.min(counter.max(line.acknowledged + 1));
                        tokio::time::sleep(Duration::from_millis(30)).await;
                    }
                    _ => {}
                }
            }
        }
    }

    /// An operator who follows every conversation they hear of and answers in all of them.
    async fn serve(self: Rc<Self>, number: usize) {
        let (client, sender) = (format!("operator {number}"), format!("{:016x}", 0xb000 + number));
        let owner = Caller::Program(self.house.ours().token.clone());
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        let mut sent: HashMap<String, Vec<String>> = HashMap::new();
        loop {
            let Ok(mut socket) = self.socket(Some(&owner)).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            socket.say(json!({ "type": "hello", "protocol": 1, "sender": sender })).await;
            lines.values_mut().for_each(|line| line.next = line.acknowledged + 1);
            let mut followed = HashSet::new();
            loop {
                let ids = self.ids.borrow().clone();
                for id in ids {
                    if followed.insert(id.clone()) {
                        let line = lines.entry(id.clone()).or_insert_with(|| Line { next: 1, ..Line::default() });
                        socket.say(json!({ "type": "follow", "conversation": id, "after": line.held })).await;
                    }
                }
                let mut on_their_way: i64 = lines.values().map(|line| line.next - line.acknowledged - 1).sum();
                let texts = |id: &String, sent: &HashMap<String, Vec<String>>| sent.get(id).map_or(0, Vec::len);
                let all = lines.iter().all(|(id, line)| self.is_acknowledged(line, texts(id, &sent)));
                if all && !self.busy.get() {
                    self.settled.borrow_mut().insert(client.clone());
                    let last = self.last.borrow();
                    let heard = |(id, (sequence, _)): (&String, &(i64, i64))| {
                        lines.get(id).is_some_and(|line| line.held >= *sequence)
                    };
                    if !last.is_empty() && last.iter().all(heard) {
                        return;
                    }
                }
                // The conversation with the fewest first, so that all have their turn.
                while on_their_way < WINDOW as i64 {
                    let wants =
                        |(id, line): &(&String, &mut Line)| self.busy.get() || line.next as usize <= texts(id, &sent);
                    let Some((id, line)) = lines.iter_mut().filter(wants).min_by_key(|(_, line)| line.next) else {
                        break;
                    };
                    let texts = sent.entry(id.clone()).or_default();
                    if line.next as usize > texts.len() {
                        texts.push(format!("operator {number} says {} to {id}", line.next));
                        self.side(&client, id, |side| side.sent.clone_from(texts));
                    }
                    let text = &texts[line.next as usize - 1];
                    let frame = json!({ "type": "message", "conversation": id, "counter": line.next, "text": text });
                    socket.say(frame).await;
                    line.next += 1;
                    on_their_way += 1;
                }
                let Some(heard) = hear(&mut socket).await else { continue };
                let Heard::Frame(frame) = heard else { break };
                let id = frame["conversation"].as_str().unwrap_or_default().to_owned();
                let counter = frame["counter"].as_i64().unwrap_or_default();
                let number = frame["sequence"].as_i64().unwrap_or_default();
                match (frame["type"].as_str().unwrap(), lines.get_mut(&id)) {
                    ("message" | "event", Some(line)) => self.arrived(&client, &id, line, number, text_of(&frame)),
                    // Where the following failed, its number comes once more with what was missed.
                    ("accepted", Some(line)) if !followed.contains(&id) => {
                        self.side(&client, &id, |side| side.acknowledged.push((counter, number)));
                        line.acknowledged = line.acknowledged.max(counter);
                    }
                    ("accepted", Some(line)) => self.acknowledged(&client, &id, line, counter, number),
                    ("problem", _) if frame["fatal"] == true => break,
                    // The following itself could not be done.
                    ("problem", Some(_)) if counter == 0 => {
                        followed.remove(&id);
                        tokio::time::sleep(Duration::from_millis(30)).await;
                    }
                    ("problem", Some(line)) => {
                        line.next = line.next.min(counter.max(line.acknowledged + 1));
                        tokio::time::sleep(Duration::from_millis(30)).await;
                    }
                    _ => {}
                }
            }
        }
    }

    fn is_acknowledged(&self, line: &Line, sent: usize) -> bool {
        !self.busy.get() && line.acknowledged as usize == sent
    }

    /// A socket, where somebody answers.
    async fn socket(&self, caller: Option<&Caller>) -> Result<Socket, ()> {
        let opened = match caller {
            Some(caller) => self.house.operators_socket(caller).await,
            None => self.house.try_visitors_socket().await,
        };
        opened.map_err(drop)
    }

    /// Reads what is stored, through the API.
    async fn read(&self) {
        let owner = Caller::Program(self.house.ours().token.clone());
        let ids = self.ids.borrow().clone();
        for id in ids {
            let entries = self.house.entries(&owner, &id).await;
            let stored = entries.iter().map(|entry| Stored {
                sequence: entry["sequence"].as_i64().unwrap(),
                visible: entry["visible"].as_i64().unwrap(),
                text: text_of(entry),
            });
            self.story.borrow_mut().stored.insert(id, stored.collect());
        }
    }
}

/// What comes next; `None` where nothing came for a moment.
async fn hear(socket: &mut Socket) -> Option<Heard> {
    tokio::time::timeout(Duration::from_millis(50), socket.hear()).await.ok()
}

fn text_of(frame: &Value) -> Option<String> {
    (frame["type"] == "message").then(|| frame["text"].as_str().unwrap().to_owned())
}

/// What is killed.
#[derive(Clone, Copy, PartialEq)]
enum Victim {
    Server,
    Database,
}

fn rounds(on: On, database: Option<Postgres>, victims: &[Victim]) {
    let seed = std::env::var("DISKRET_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(random);
    eprintln!("DISKRET_SEED={seed} repeats these moments");
    let dice = Dice(Cell::new(seed));
    let options = ["--visitor-rate", "10000", "--visitor-burst", "10000", "--address-messages", "10000"];
    let house = House::new(&Plan { options: &options, server: database.as_ref(), ..Plan::on(on) });
    let scene = Rc::new(Scene {
        house,
        story: RefCell::default(),
        busy: Cell::new(true),
        settled: RefCell::default(),
        last: RefCell::default(),
        ids: RefCell::default(),
    });
    crate::harness::run(async {
        let tasks = tokio::task::LocalSet::new();
        let play = async {
            let mut clients = Vec::new();
            for number in 0..VISITORS {
                clients.push(tokio::task::spawn_local(Rc::clone(&scene).visit(number)));
            }
            for number in 0..OPERATORS {
                clients.push(tokio::task::spawn_local(Rc::clone(&scene).serve(number)));
            }
            for victim in victims {
                tokio::time::sleep(Duration::from_millis(100 + dice.roll(500))).await;
                match victim {
                    Victim::Server => {
                        scene.house.kill();
                        scene.house.start();
                    }
                    Victim::Database => {
                        let postgres = database.as_ref().expect("there is one");
                        postgres.kill();
                        tokio::time::sleep(Duration::from_millis(dice.roll(300))).await;
                        postgres.revive();
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            scene.busy.set(false);
            let since = Instant::now();
            while scene.settled.borrow().len() < clients.len() {
                assert!(since.elapsed() < Duration::from_secs(60), "everybody is acknowledged in the end");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            scene.read().await;
            let last = scene
                .story
                .borrow()
                .stored
                .iter()
                .filter_map(|(id, stored)| stored.last().map(|entry| (id.clone(), (entry.sequence, entry.visible))))
                .collect();
            *scene.last.borrow_mut() = last;
            let since = Instant::now();
            for client in clients {
                let left = Duration::from_secs(20).saturating_sub(since.elapsed());
                tokio::time::timeout(left, client).await.expect("everybody hears everything in the end").unwrap();
            }
        };
        tasks.run_until(play).await;
    });
    let story = scene.story.borrow();
    let acknowledged: usize = story.sides.values().map(|side| side.acknowledged.len()).sum();
    let faults = faults(&story);
    assert!(faults.is_empty(), "DISKRET_SEED={seed}, {} faults: {:#?}", faults.len(), &faults[..faults.len().min(20)]);
    assert_eq!(story.stored.len(), VISITORS, "each visitor has one conversation");
    assert!(acknowledged > 100 * victims.len() / 2, "there was something to lose: {acknowledged}");
    eprintln!("{acknowledged} messages were acknowledged, none was lost, doubled, moved or invented");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_program_is_killed_on_sqlite() {
    rounds(On::Sqlite, None, &[Victim::Server; 12]);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_program_or_the_database_is_killed_on_postgres() {
    let (server, database) = (Victim::Server, Victim::Database);
    let victims = [server, server, database, server, server, database, server, server];
    rounds(On::Postgres, Some(Postgres::durable()), &victims);
}
