//! Operators: a dashboard each, which may be loaded anew.

mod desk;
mod outbox;
mod requests;
mod rows;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::chance::Chance;
use super::house::Member;
use super::world::World;
use desk::Desk;
pub(super) use rows::Rows;

/// What an operator does at the screen.
enum Act {
    Follow(String),
    Leave,
    Write {
        conversation: String,
        text: String,
        note: bool,
    },
    See(String),
    /// Gives a conversation to somebody or nobody.
    Assign(String, Option<domain::PublicId>),
    End(String, bool),
    Close,
}

/// How a dashboard stands.
#[derive(Default)]
pub(super) struct State {
    pub(super) is_ready: Cell<bool>,
    pub(super) is_gone: Cell<bool>,
    /// Lists are being read, or a conversation caught up with.
    pub(super) is_busy: Cell<bool>,
    pub(super) pending: Cell<usize>,
    pub(super) rows: RefCell<Rows>,
    pub(super) counts: RefCell<Value>,
    /// Which conversation is on the screen and told.
    pub(super) followed: RefCell<Option<String>>,
    /// Entries by conversation, by number from 1.
    pub(super) threads: RefCell<BTreeMap<String, Vec<String>>>,
}

/// An operator.
pub(super) struct Operator {
    world: Rc<World>,
    pub(super) member: Member,
    pub(super) name: String,
    chance: Chance,
    pages: u64,
    said: u64,
    acts: mpsc::UnboundedSender<Act>,
    pub(super) state: Rc<State>,
}

impl Operator {
    pub(super) fn new(world: &Rc<World>, number: usize) -> Self {
        let (member, name) = (world.house.team[number].clone(), format!("o{number}"));
        let chance = world.chance(&name);
        let acts = mpsc::unbounded_channel().0;
        let world = Rc::clone(world);
        let mut operator = Self { world, member, name, chance, pages: 0, said: 0, acts, state: Rc::default() };
        operator.open();
        operator
    }

    fn open(&mut self) {
        self.pages += 1;
        let (acts, todo) = mpsc::unbounded_channel();
        (self.acts, self.state) = (acts, Rc::default());
        let name = format!("{}.{}", self.name, self.pages);
        let desk = Desk::new(&self.world, name, self.member.clone(), &self.state);
        tokio::task::spawn_local(desk.live(todo));
    }

    /// Does something, by chance.
    pub(super) fn act(&mut self) {
        // By age, since names are different in each run.
        let mut rows: Vec<(i64, String)> = {
            let rows = self.state.rows.borrow();
            rows.all().iter().map(|(id, row)| (row["position"].as_i64().unwrap_or_default(), id.clone())).collect()
        };
        rows.sort_unstable();
        if rows.is_empty() {
            return;
        }
        let conversation = match self.state.followed.borrow().clone() {
            Some(followed) if self.chance.percent(70) => followed,
            _ => self.chance.of(&rows).1.clone(),
        };
        let act = match self.chance.within(0..100) {
            0..25 => Act::Follow(conversation),
            25..55 => self.words(conversation, false),
            55..63 => self.words(conversation, true),
            63..73 => Act::See(conversation),
            73..88 => {
                let team = &self.world.house.team;
                let to = self.chance.percent(75).then(|| self.chance.of(&team[..self.world.team.get()]).name);
                Act::Assign(conversation, to)
            }
            88..93 => Act::End(conversation, self.chance.percent(80)),
            93..96 => Act::Leave,
            _ => {
                self.world.note(&self.name, "loads the dashboard anew");
                let _ = self.acts.send(Act::Close);
                return self.open();
            }
        };
        let _ = self.acts.send(act);
    }

    fn words(&mut self, conversation: String, note: bool) -> Act {
        self.said += 1;
        let text = format!("{} {} {}", self.name, if note { "notes" } else { "answers" }, self.said);
        Act::Write { conversation, text, note }
    }
}
