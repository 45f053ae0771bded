//! One dashboard: `web/dashboard/src/conversation/live.svelte.ts` and its connection in Rust, without the screen.

use app::conversation::assign::To;
use std::rc::Rc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::outbox::Outbox;
use super::requests::Listed;
use super::{Act, State};
use crate::simulation::chance::Chance;
use crate::simulation::house::Member;
use crate::simulation::line::{self, ANSWER_WITHIN, Line, PING_EVERY, STEADY_AFTER, until};
use crate::simulation::node::Node;
use crate::simulation::plant::Plant;
use crate::simulation::story;
use crate::simulation::world::World;
use crate::socket::pipe;

const REFOLLOW: Duration = Duration::from_millis(400);

enum End {
    Again(Duration),
    Closed,
    Gone,
}

pub(super) struct Desk {
    pub(super) world: Rc<World>,
    pub(super) name: String,
    pub(super) member: Member,
    chance: Chance,
    pub(super) state: Rc<State>,
    sender: String,
    outbox: Outbox,
    attempt: u32,
    line: Option<Line>,
    pub(super) node: Option<Rc<Node>>,
    is_closing: bool,
    /// `watch` is on its way, and with it the moment from which all rows are told.
    awaits_watch: bool,
    refollow: Option<Instant>,
    pub(super) reload: Option<Instant>,
    deadline: Option<Instant>,
    pub(super) lists: (mpsc::UnboundedSender<Listed>, mpsc::UnboundedReceiver<Listed>),
    pub(super) asked: usize,
}

impl Desk {
    pub(super) fn new(world: &Rc<World>, name: String, member: Member, state: &Rc<State>) -> Self {
        let chance = world.chance(&name);
        Self {
            sender: chance.sender(),
            world: Rc::clone(world),
            name,
            member,
            chance,
            state: Rc::clone(state),
            outbox: Outbox::default(),
            attempt: 0,
            line: None,
            node: None,
            is_closing: false,
            awaits_watch: false,
            refollow: None,
            reload: None,
            deadline: None,
            lists: mpsc::unbounded_channel(),
            asked: 0,
        }
    }

    pub(super) async fn live(mut self, mut acts: mpsc::UnboundedReceiver<Act>) {
        self.world.note(&self.name, &format!("opens as {}", self.sender));
        let mut wait = Duration::ZERO;
        loop {
            let next = Instant::now() + wait;
            loop {
                tokio::select! {
                    biased;
                    act = acts.recv() => match act {
                        None | Some(Act::Close) => return,
                        Some(act) => self.act(act),
                    },
                    () = sleep_until(next) => break,
                }
            }
            let opened = Instant::now();
            let end = if self.connect() { self.work(&mut acts).await } else { End::Again(Duration::ZERO) };
            (self.line, self.node, self.deadline, self.refollow) = (None, None, None, None);
            self.outbox.lost();
            self.is_closing = false;
            self.state.is_ready.set(false);
            let named = match end {
                End::Closed => return,
                End::Gone => {
                    self.state.is_gone.set(true);
                    return;
                }
                End::Again(named) => named,
            };
            if opened.elapsed() > STEADY_AFTER {
                self.attempt = 0;
            }
            wait = named.max(self.chance.backoff(self.attempt));
            self.attempt += 1;
        }
    }

    fn connect(&mut self) -> bool {
        let Some(node) = self.world.any_node(&self.chance) else { return false };
        let mut headers = HeaderMap::new();
        let (mut principal, mut token) = (self.member.principal, self.member.token.as_str());
        if self.world.plant == Some(Plant::ShowsAll) {
            (principal, token) = (self.world.house.team[0].principal, self.world.house.team[0].token.as_str());
        }
        headers.insert(http::header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a token is ASCII"));
        let (serving, far) = pipe::operator(node.shared.clone(), principal, headers);
        node.serve(serving);
        self.world.note(&self.name, &format!("connects to node {}", node.number));
        self.world.count("connections of operators");
        self.line = Some(line::connect(&self.world, far));
        self.node = Some(node);
        true
    }

    async fn work(&mut self, acts: &mut mpsc::UnboundedReceiver<Act>) -> End {
        let position = Some(self.state.rows.borrow().position).filter(|position| *position > 0);
        let hello = json!({
            "type": "hello", "protocol": 1, "sender": self.sender, "language": "en", "position": position,
        });
        self.send(&hello);
        let mut ping = Instant::now() + PING_EVERY;
        loop {
            self.show();
            let Some(line) = self.line.as_mut() else { return End::Again(Duration::ZERO) };
            tokio::select! {
                biased;
                act = acts.recv() => match act {
                    None | Some(Act::Close) => return End::Closed,
                    Some(act) => self.act(act),
                },
                frame = line.from.recv() => {
                    let Some(frame) = frame else { return End::Again(Duration::ZERO) };
                    self.deadline = None;
                    let frame: Value = serde_json::from_str(&frame).expect("the server sends JSON");
                    if let Some(end) = self.frame(&frame) {
                        return end;
                    }
                }
                Some(listed) = self.lists.1.recv() => self.listed(listed),
                () = until(self.outbox.paused_until) => {
                    self.outbox.paused_until = None;
                    self.flush();
                }
                () = until(self.refollow) => {
                    self.refollow = None;
                    self.follow_again();
                }
                () = until(self.reload) => {
                    self.reload = None;
                    self.load_all();
                }
                () = until(self.deadline) => return End::Again(Duration::ZERO),
                () = sleep_until(ping) => {
                    ping = Instant::now() + PING_EVERY;
                    self.send(&json!({ "type": "ping" }));
                }
            }
        }
    }

    fn show(&self) {
        self.state.pending.set(self.outbox.pending());
        let busy =
            self.is_closing || self.awaits_watch || self.asked > 0 || self.refollow.is_some() || self.reload.is_some();
        self.state.is_busy.set(busy);
    }

    fn send(&mut self, frame: &Value) {
        if let Some(line) = &self.line {
            let _ = line.to.send(frame.to_string());
            if frame["type"] == "ping" || frame["type"] == "hello" {
                self.deadline.get_or_insert_with(|| Instant::now() + ANSWER_WITHIN);
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Follow(id) => {
                self.leave();
                self.state.threads.borrow_mut().entry(id.clone()).or_default();
                *self.state.followed.borrow_mut() = Some(id);
                self.follow_again();
            }
            Act::Leave => self.leave(),
            Act::Write { conversation, text, note } => {
                self.world.note(&self.name, &format!("writes `{text}` in {}", self.world.alias(&conversation)));
                self.world.story.borrow_mut().said(&self.lane(&conversation), false, &text);
                self.outbox.add(&conversation, text, note);
                self.flush();
            }
            Act::See(id) => {
                let held = self.state.threads.borrow().get(&id).map_or(0, Vec::len);
                if self.state.is_ready.get() && held > 0 {
                    self.world.note(&self.name, &format!("has seen {} to {held}", self.world.alias(&id)));
                    self.send(&json!({ "type": "seen", "conversation": id, "sequence": held }));
                }
            }
            Act::Assign(id, to) => {
                self.world.note(&self.name, &format!("assigns {}", self.world.alias(&id)));
                let (principal, name) = (self.member.principal, id.parse().expect("ids are ids"));
                self.ask(move |node| {
                    Box::pin(async move { node.app().assign(principal, name, To::Operator(to), None).await })
                });
            }
            Act::End(id, ended) => {
                self.world.note(&self.name, &format!("ends {}: {ended}", self.world.alias(&id)));
                let (principal, name) = (self.member.principal, id.parse().expect("ids are ids"));
                self.ask(move |node| Box::pin(async move { node.app().set_ended(principal, name, ended).await }));
            }
            Act::Close => {}
        }
    }

    fn leave(&mut self) {
        if let Some(id) = self.state.followed.borrow_mut().take() {
            self.is_closing = false;
            self.refollow = None;
            if let Some(line) = &self.line {
                let _ = line.to.send(json!({ "type": "unfollow", "conversation": id }).to_string());
            }
        }
    }

    fn follow_again(&mut self) {
        let Some(id) = self.state.followed.borrow().clone() else { return };
        if self.state.is_ready.get() {
            let after = self.state.threads.borrow().get(&id).map_or(0, Vec::len);
            self.send(&json!({ "type": "follow", "conversation": id, "after": after }));
            self.is_closing = true;
        }
    }

    /// Who speaks, as the store tells senders apart.
    fn lane(&self, conversation: &str) -> String {
        format!("{} in {conversation}", self.sender)
    }

    fn flush(&mut self) {
        if !self.state.is_ready.get() {
            return;
        }
        for item in self.outbox.due() {
            self.send(&json!({
                "type": "message", "conversation": item.conversation, "counter": item.counter, "text": item.text,
                "note": item.note,
            }));
        }
    }

    fn frame(&mut self, frame: &Value) -> Option<End> {
        let conversation = frame["conversation"].as_str().unwrap_or_default();
        match frame["type"].as_str().unwrap_or_default() {
            "welcome" => self.welcome(frame),
            "message" | "event" => {
                if frame["sender"] == self.sender.as_str()
                    && let Some(counter) = frame["counter"].as_i64()
                {
                    self.outbox.settle(conversation, counter);
                }
                self.world.story.borrow_mut().shown(&self.member.name, conversation, frame);
                self.enter(conversation, frame["sequence"].as_i64().unwrap_or_default(), story::what(frame));
            }
            "accepted" => self.accepted(conversation, frame),
            "current" => self.current(conversation, frame["last_sequence"].as_i64().unwrap_or_default()),
            "conversation" => {
                let id = frame["id"].as_str().unwrap_or_default();
                let (at, last) = (&frame["position"], &frame["last_sequence"]);
                self.world.note(&self.name, &format!("← row {} at {at} to {last}", self.world.alias(id)));
                self.world.story.borrow_mut().listed(&self.member, frame);
                self.state.rows.borrow_mut().put(frame);
            }
            "removed" => {
                self.world.note(&self.name, &format!("← removed {}", self.world.alias(conversation)));
                self.state.rows.borrow_mut().remove(conversation);
                self.gone(conversation);
            }
            "pong" if std::mem::take(&mut self.awaits_watch) => self.load_all(),
            "counts" => *self.state.counts.borrow_mut() = frame.clone(),
            "problem" => return self.problem(frame),
            _ => {}
        }
        None
    }

    fn welcome(&mut self, frame: &Value) {
        self.world.note(&self.name, &format!("← welcome {}", frame["position"]));
        self.state.is_ready.set(true);
        self.outbox.limit = frame["limits"]["in_flight"].as_u64().unwrap_or(1) as usize;
        let list = if self.member.sees_all() { "all" } else { "mine" };
        self.send(&json!({ "type": "watch", "list": list }));
        // The real dashboard reads its lists at once. Where that overtakes `watch` on its way, what changes in between is
        // told to nobody; it takes the next change of that conversation to show.
        self.send(&json!({ "type": "ping" }));
        self.awaits_watch = true;
        self.follow_again();
        self.flush();
    }

    fn enter(&mut self, conversation: &str, sequence: i64, what: String) {
        self.world.note(&self.name, &format!("← {} {sequence}: {what}", self.world.alias(conversation)));
        let mut threads = self.state.threads.borrow_mut();
        let Some(thread) = threads.get_mut(conversation) else { return };
        let held = thread.len() as i64;
        let believes = self.world.plant == Some(Plant::LosesEntries) && sequence > held;
        if sequence == held + 1 || believes {
            thread.push(what);
        } else if sequence > held {
            drop(threads);
            if !self.is_closing && self.state.followed.borrow().as_deref() == Some(conversation) {
                self.world.count("gaps that were asked about");
                self.follow_again();
            }
        }
    }

    fn accepted(&mut self, conversation: &str, frame: &Value) {
        let counter = frame["counter"].as_i64().unwrap_or_default();
        let sequence = frame["sequence"].as_i64().unwrap_or_default();
        self.world
            .note(&self.name, &format!("← accepted {counter} as {sequence} in {}", self.world.alias(conversation)));
        self.world.count("acknowledged messages of operators");
        if let Some(item) = self.outbox.settle(conversation, counter) {
            self.world.story.borrow_mut().acknowledged(&self.lane(conversation), conversation, sequence, &item.text);
            self.enter(conversation, sequence, item.text);
        }
        self.flush();
    }

    fn current(&mut self, conversation: &str, last: i64) {
        if self.state.followed.borrow().as_deref() != Some(conversation) {
            return;
        }
        self.is_closing = false;
        if last > self.state.threads.borrow().get(conversation).map_or(0, Vec::len) as i64 {
            self.refollow = Some(Instant::now() + REFOLLOW);
        }
    }

    /// A conversation is no longer theirs to see.
    fn gone(&mut self, conversation: &str) {
        if self.state.followed.borrow().as_deref() == Some(conversation) {
            self.state.followed.borrow_mut().take();
            self.is_closing = false;
            self.refollow = None;
        }
        self.state.threads.borrow_mut().remove(conversation);
    }

    fn problem(&mut self, frame: &Value) -> Option<End> {
        let code = frame["code"].as_str().unwrap_or_default();
        self.world.note(&self.name, &format!("← problem {code} {}", frame["counter"]));
        let wait = frame["retry_after_ms"].as_u64().map(Duration::from_millis);
        if frame["fatal"].as_bool().unwrap_or_default() {
            return Some(match code {
                "unauthorised" | "unsupported" | "forbidden" => End::Gone,
                // The wait is the server's chance, which differs from run to run: its longest.
                "restarting" => End::Again(Duration::from_millis(2035)),
                _ => End::Again(wait.unwrap_or_default()),
            });
        }
        if self.outbox.refuse(frame) {
            return None;
        }
        let conversation = frame["conversation"].as_str()?;
        if self.state.followed.borrow().as_deref() == Some(conversation) {
            match wait {
                Some(wait) => self.refollow = Some(Instant::now() + wait),
                None if code == "not_found" || code == "forbidden" => self.gone(conversation),
                None => {}
            }
        }
        None
    }
}
