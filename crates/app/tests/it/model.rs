//! Random histories of chat, deletion, undo, holds, turns, backups and restores, held against a model: what must be readable
//! is, word by word, and what must be gone is nowhere. Each case names its seed; the same seed is the same history.

use std::collections::BTreeMap;
use std::time::Duration;

use diskret_app::backup::Which;
use diskret_app::backup::restore::{Order, restore};
use diskret_app::conversation::{Incoming, Visitor};
use diskret_app::erasure::Wanted;
use diskret_app::secrets::Secrets;
use diskret_app::{App, Error};
use domain::conversation::Kind;
use domain::erasure::{HoldReason, State};
use domain::limits::UNDO_ONE;
use domain::{Clock as _, KeyId, PublicId, SenderId, Timestamp};
use privacy::{Plaintext, recovery};
use store::{KeyStore, Settings, Store};

use crate::epoch::turned;
use crate::erasure::destroy;
use crate::{DAY, House, SECOND, Two, secrets_in};

/// Steps of a history.
const STEPS: usize = 45;
const MINUTE: Duration = Duration::from_secs(60);

/// The same numbers for the same seed, on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// A message: its number, what it says, and which deletion took it.
#[derive(Clone)]
struct Said {
    sequence: i64,
    text: String,
    taken_by: Option<usize>,
}

/// A conversation.
struct Talk {
    visitor: Visitor,
    name: PublicId,
    said: Vec<Said>,
    taken_by: Option<usize>,
    hold: Option<PublicId>,
}

/// A deletion that was asked for.
#[derive(Debug)]
struct Wish {
    name: PublicId,
    talks: Vec<usize>,
    entry: Option<i64>,
    destroy_at: Timestamp,
    keys: Vec<KeyId>,
    state: State,
}

/// What was readable at the last backup.
type Kept = BTreeMap<usize, Vec<Option<String>>>;

struct World {
    house: House,
    two: Two,
    dice: Dice,
    seed: u64,
    talks: Vec<Talk>,
    wishes: Vec<Wish>,
    kept: Option<Kept>,
}

const fn is_gone(state: State) -> bool {
    matches!(state, State::Destroyed | State::Done)
}

const fn is_open(state: State) -> bool {
    !matches!(state, State::Destroyed | State::Done | State::Undone)
}

async fn texts(house: &House, app: &App, name: PublicId) -> Result<Vec<Option<String>>, Error> {
    let (_, entries) = app.entries_before(house.done.principal, name, i64::MAX, 200).await?;
    let said = entries.iter().filter(|entry| !matches!(entry.kind, Kind::Event(_)));
    Ok(said.map(|entry| entry.text.as_ref().map(|text| text.reveal().to_owned())).collect())
}

impl Talk {
    fn readable(&self) -> Vec<Option<String>> {
        self.said.iter().map(|said| said.taken_by.is_none().then(|| said.text.clone())).collect()
    }
}

impl World {
    #[expect(clippy::print_stdout, reason = "whoever sees it fail wants to see it again")]
    async fn new(seed: u64, on_postgres: bool) -> Self {
        println!("seed {seed}");
        let house = House::new(on_postgres).await;
        let two = Two::of(&house);
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        Self { house, two, dice, seed, talks: Vec::new(), wishes: Vec::new(), kept: None }
    }

    /// One of those that everybody sees.
    fn some_talk(&mut self) -> Option<usize> {
        let shown: Vec<usize> = (0..self.talks.len()).filter(|one| self.talks[*one].taken_by.is_none()).collect();
        (!shown.is_empty()).then(|| shown[self.dice.below(shown.len())])
    }

    async fn say(&mut self, talk: Option<usize>) {
        let number = talk.map_or(self.talks.len(), |talk| talk);
        let counter = talk.map_or(1, |talk| self.talks[talk].said.len() as i64 + 1);
        let text = format!("{}: {number}/{counter}", self.seed);
        let message = Incoming { sender: SenderId(7), counter, text: Plaintext::new(text.clone()), note: false };
        let app = &self.house.app;
        let accepted = match talk {
            None => {
                let visitor = self.house.visitor().await;
                let accepted = app.receive_first(&visitor, message).await.unwrap();
                let name = accepted.conversation.name();
                self.talks.push(Talk { visitor, name, said: Vec::new(), taken_by: None, hold: None });
                self.talks[number].visitor.conversation = Some(accepted.conversation.clone());
                accepted
            }
            Some(talk) => {
                let visitor = &self.talks[talk].visitor;
                let found = visitor.conversation.clone().unwrap();
                app.receive_from_visitor(visitor, &found, message).await.unwrap().await.result.unwrap()
            }
        };
        self.talks[number].said.push(Said { sequence: accepted.numbers.sequence, text, taken_by: None });
    }

    async fn key_of(&self, talk: usize) -> KeyId {
        let organisation = self.house.done.principal.organisation;
        self.house.store.conversation_named(organisation, self.talks[talk].name).await.unwrap().key
    }

    /// Somebody wants conversations gone, or a message of one.
    async fn wish(&mut self, talks: Vec<usize>, entry: Option<usize>) {
        let mut keys = Vec::new();
        for talk in &talks {
            keys.push(self.key_of(*talk).await);
        }
        let sequence = entry.map(|entry| self.talks[talks[0]].said[entry].sequence);
        let names = talks.iter().map(|talk| self.talks[*talk].name).collect();
        let wanted = match sequence {
            Some(sequence) => Wanted::Entries(self.talks[talks[0]].name, vec![sequence]),
            None => Wanted::Conversations(names),
        };
        let asked = self.house.app.request_erasure(self.house.done.principal, wanted).await.unwrap();
        let number = self.wishes.len();
        for talk in &talks {
            match entry {
                Some(entry) => self.talks[*talk].said[entry].taken_by = Some(number),
                None => self.talks[*talk].taken_by = Some(number),
            }
        }
        let (name, destroy_at) = (asked.name, asked.destroy_at);
        self.wishes.push(Wish { name, talks, entry: sequence, destroy_at, keys, state: State::Waiting });
    }

    async fn undo(&mut self, number: usize) {
        let done = self.house.app.undo_erasure(self.house.done.principal, self.wishes[number].name).await;
        let wish = &self.wishes[number];
        let is_hidden = wish.entry.is_some() && self.talks[wish.talks[0]].taken_by.is_some();
        match done {
            Ok(()) => {
                assert!(wish.state == State::Waiting && !is_hidden, "{:?}", wish.state);
                for talk in wish.talks.clone() {
                    let talk = &mut self.talks[talk];
                    match self.wishes[number].entry {
                        None => talk.taken_by = None,
                        Some(entry) => {
                            talk.said.iter_mut().find(|said| said.sequence == entry).unwrap().taken_by = None;
                        }
                    }
                }
            }
            Err(Error::Conflict(_)) => assert!(wish.state != State::Waiting || is_hidden),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Something must not be deleted for a while, or may again.
    async fn hold(&mut self, talk: usize) {
        let principal = self.house.done.principal;
        if let Some(hold) = self.talks[talk].hold.take() {
            // It may be over by itself.
            let _ = self.house.app.end_hold(principal, hold).await;
            return;
        }
        let until = self.house.clock.now().plus(DAY * 2);
        let name = self.talks[talk].name;
        let held = self.house.app.set_hold(principal, name, HoldReason::Claim, until).await.unwrap();
        self.talks[talk].hold = Some(held.name);
    }

    async fn back_up(&mut self) {
        for which in [Which::Data, Which::Keys] {
            self.house.clock.advance(SECOND);
            assert!(self.house.app.back_up(which, None).await.unwrap().pending.is_empty());
        }
        let shown = self.talks.iter().enumerate().filter(|(_, talk)| talk.taken_by.is_none());
        self.kept = Some(shown.map(|(number, talk)| (number, talk.readable())).collect());
    }

    /// One step, whichever it is.
    async fn step(&mut self) {
        match self.dice.below(20) {
            0..=2 => self.say(None).await,
            3..=6 => {
                let talk = self.some_talk();
                self.say(talk).await;
            }
            7..=8 => {
                let (Some(first), second) = (self.some_talk(), self.some_talk()) else { return };
                let together = second.filter(|second| *second != first && self.dice.0.is_multiple_of(3));
                let talks: Vec<usize> = [Some(first), together].into_iter().flatten().collect();
                // What is held goes by itself.
                if talks.len() == 1 || talks.iter().all(|talk| self.talks[*talk].hold.is_none()) {
                    self.wish(talks, None).await;
                }
            }
            9..=10 => {
                let Some(talk) = self.some_talk() else { return };
                let left = self.talks[talk].said.iter().position(|said| said.taken_by.is_none());
                // One part of a conversation at a time: the next waits until it is through.
                let is_free = !self.wishes.iter().any(|wish| is_open(wish.state) && wish.talks.contains(&talk));
                if let (Some(entry), true) = (left, is_free && self.talks[talk].hold.is_none()) {
                    self.wish(vec![talk], Some(entry)).await;
                }
            }
            11..=12 if !self.wishes.is_empty() => {
                let number = self.dice.below(self.wishes.len());
                self.undo(number).await;
            }
            13 => {
                let Some(talk) = self.some_talk() else { return };
                let is_free = !self.wishes.iter().any(|wish| is_open(wish.state) && wish.talks.contains(&talk));
                if is_free {
                    self.hold(talk).await;
                }
            }
            14..=15 => {
                let by = [MINUTE * 3, UNDO_ONE, DAY][self.dice.below(3)];
                self.house.clock.advance(by);
                destroy(&self.house).await;
            }
            16 => turned(&self.house, &[]).await,
            17..=18 => self.back_up().await,
            _ => destroy(&self.house).await,
        }
    }

    /// What must be readable is, and what must not is not.
    async fn look(&mut self) {
        let principal = self.house.done.principal;
        let now = self.house.clock.now();
        for number in 0..self.wishes.len() {
            let found = self.house.app.erasure(principal, self.wishes[number].name).await.unwrap().erasure;
            let wish = &mut self.wishes[number];
            assert!(!is_gone(wish.state) || is_gone(found.state), "what is destroyed stays so");
            wish.state = found.state;
            assert!(
                wish.state != State::Undone || wish.talks.iter().all(|talk| self.talks[*talk].taken_by != Some(number))
            );
            if now < wish.destroy_at {
                assert!(matches!(wish.state, State::Waiting | State::Undone), "before its time: {:?}", wish.state);
            }
            if is_gone(wish.state) {
                for key in &wish.keys {
                    assert!(self.house.keys.data_key(principal.organisation, *key).await.is_err(), "its key is there");
                }
            }
        }
        for (number, talk) in self.talks.iter().enumerate() {
            match texts(&self.house, &self.house.app, talk.name).await {
                Ok(read) => {
                    assert_eq!(talk.taken_by, None, "conversation {number} is to be gone");
                    assert_eq!(read, talk.readable(), "conversation {number}");
                }
                Err(Error::NotFound) => assert!(talk.taken_by.is_some(), "conversation {number} is to be there"),
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    /// On an empty machine, from the last backup: what was journalled since does not come back, and all else does.
    async fn restored(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        self.house.app.journal_offer().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let locations = store::files_in(folder.path());
        let key = recovery::private(self.house.done.recovery_key.as_ref().unwrap()).unwrap();
        let places = self.house.app.places();
        assert!(!self.two.a.objects().is_empty());
        let order = Order {
            from: places,
            recovery: &key,
            named: &[],
            journal: None,
            evidence: None,
            folder: folder.path(),
            locations: locations.clone(),
            settings: Settings::default(),
        };
        restore(&order, &*self.house.clock, |_| ()).await.unwrap();
        let store = Store::open(&locations.0, Settings::default()).await.unwrap();
        let keys = KeyStore::open(&locations.1, Settings::default()).await.unwrap();
        let secrets = Secrets::load(&secrets_in(folder.path()), false).unwrap();
        let clock = std::sync::Arc::clone(&self.house.clock);
        let app = App::new(store, keys, clock as _, secrets, self.house.app.options().to_owned());
        for (number, talk) in self.talks.iter().enumerate() {
            let read = match texts(&self.house, &app, talk.name).await {
                Ok(read) => Some(read),
                Err(Error::NotFound) => None,
                Err(error) => panic!("conversation {number} is neither there nor gone: {error:?}"),
            };
            let gone = talk.taken_by.is_some_and(|wish| is_gone(self.wishes[wish].state));
            assert!(!gone || read.is_none(), "conversation {number} is back");
            for said in &talk.said {
                let is_gone = said.taken_by.is_some_and(|wish| is_gone(self.wishes[wish].state));
                let is_back = read.iter().flatten().any(|text| text.as_ref() == Some(&said.text));
                assert!(!is_gone || !is_back, "a message of conversation {number} is back");
            }
            // A part that goes gives up the rest, and what was begun before the backup goes on from there.
            let has_parts = self.wishes.iter().any(|wish| wish.entry.is_some() && wish.talks.contains(&number));
            let is_touched = gone || has_parts;
            match kept.get(&number) {
                Some(expected) if !is_touched => {
                    assert_eq!(read.as_ref(), Some(expected), "conversation {number} after a restore");
                }
                _ => {}
            }
        }
        app.close().await;
    }
}

async fn histories(seeds: impl IntoIterator<Item = u64>, on_postgres: bool) {
    for seed in seeds {
        let mut world = World::new(seed, on_postgres).await;
        for _ in 0..STEPS {
            world.step().await;
            world.look().await;
        }
        world.restored().await;
        // In the end all that was wished for is gone, but for what is held.
        world.house.clock.advance(DAY * 3);
        // One after the other, where several are about one conversation.
        for _ in 0..6 {
            world.house.clock.advance(Duration::from_secs(3600));
            destroy(&world.house).await;
        }
        world.look().await;
        let open: Vec<_> = world.wishes.iter().filter(|wish| is_open(wish.state)).collect();
        assert!(open.is_empty(), "seed {seed}: {open:?}");
        world.back_up().await;
        world.restored().await;
    }
}

#[tokio::test]
async fn whatever_happens_what_must_be_readable_is_and_what_must_be_gone_is_on_sqlite() {
    histories(1..=8, false).await;
}

#[tokio::test]
async fn whatever_happens_what_must_be_readable_is_and_what_must_be_gone_is_on_postgres() {
    histories(9..=11, true).await;
}
