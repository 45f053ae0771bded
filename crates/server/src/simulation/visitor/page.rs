//! One page load: `web/widget/src/messenger/session.ts` and `connection.ts` in Rust, without the screen.

use std::rc::Rc;
use std::time::Duration;

use app::rate::Source;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::queue::SendQueue;
use super::{Act, Browser, Leftover, State};
use crate::simulation::chance::Chance;
use crate::simulation::line::{self, ANSWER_WITHIN, Line, PING_EVERY, STEADY_AFTER, until};
use crate::simulation::plant::Plant;
use crate::simulation::world::World;
use crate::socket::pipe;

const GAP_GRACE: Duration = Duration::from_secs(1);

/// How a connection ended: the page comes again after this, or by back-off.
enum End {
    Again(Option<Duration>),
    Closed,
    Gone,
}

pub(super) struct Page {
    world: Rc<World>,
    name: String,
    chance: Chance,
    browser: Rc<Browser>,
    state: Rc<State>,
    sender: String,
    queue: SendQueue,
    keeps: bool,
    retries: u32,
    attempt: u32,
    line: Option<Line>,
    hold: Option<Instant>,
    gap: Option<Instant>,
    deadline: Option<Instant>,
}

impl Page {
    pub(super) fn new(world: &Rc<World>, name: String, browser: &Rc<Browser>, state: &Rc<State>) -> Self {
        let chance = world.chance(&name);
        let mut queue = SendQueue::default();
        let kept = browser.token.borrow().clone();
        let (sender, token) = match browser.leftover.borrow_mut().take() {
            Some(leftover) => {
                world.count("page loads that go on with what another left");
                queue.resume(leftover.pending, leftover.counter);
                // Another window may have kept another token meanwhile; what was left belongs to this one's conversation.
                (leftover.sender, leftover.token.or(kept))
            }
            None => (chance.sender(), kept),
        };
        let keeps = token.is_some();
        *state.token.borrow_mut() = token;
        let (browser, state) = (Rc::clone(browser), Rc::clone(state));
        state.pending.set(queue.pending().len());
        Self {
            world: Rc::clone(world),
            name,
            chance,
            browser,
            state,
            sender,
            queue,
            keeps,
            retries: 0,
            attempt: 0,
            line: None,
            hold: None,
            gap: None,
            deadline: None,
        }
    }

    /// Lives until it is closed.
    pub(super) async fn live(mut self, mut acts: mpsc::UnboundedReceiver<Act>) {
        self.world.note(&self.name, &format!("opens as {}", self.sender));
        let mut wait = Duration::ZERO;
        loop {
            // Between two connections it still takes what is written.
            let next = Instant::now() + wait;
            loop {
                tokio::select! {
                    biased;
                    act = acts.recv() => match act {
                        None | Some(Act::Close) => return self.close(),
                        Some(act) => self.act(act),
                    },
                    () = sleep_until(next) => break,
                }
            }
            let opened = Instant::now();
            let end = match self.connect() {
                Some(line) => {
                    self.line = Some(line);
                    self.converse(&mut acts).await
                }
                None => End::Again(None),
            };
            self.line = None;
            self.state.is_ready.set(false);
            self.deadline = None;
            let named = match end {
                End::Closed => return self.close(),
                End::Gone => {
                    self.state.is_gone.set(true);
                    None
                }
                End::Again(named) => named,
            };
            if opened.elapsed() > STEADY_AFTER {
                self.attempt = 0;
            }
            wait = named.unwrap_or_else(|| {
                self.attempt += 1;
                self.chance.backoff(self.attempt - 1)
            });
        }
    }

    fn close(self) {
        // What is unconfirmed is not lost with the page, unless storage is.
        if !self.queue.pending().is_empty() {
            let (pending, counter) = (self.queue.pending().to_vec(), self.queue.last());
            let token = self.state.token.borrow().clone();
            *self.browser.leftover.borrow_mut() = Some(Leftover { token, sender: self.sender, pending, counter });
        }
    }

    fn connect(&self) -> Option<Line> {
        let node = self.world.any_node(&self.chance)?;
        let (serving, far) = pipe::visitor(node.shared.clone(), Source::new(self.browser.source));
        node.serve(serving);
        self.world.note(&self.name, &format!("connects to node {}", node.number));
        self.world.count("connections of visitors");
        Some(line::connect(&self.world, far))
    }

    async fn converse(&mut self, acts: &mut mpsc::UnboundedReceiver<Act>) -> End {
        if self.world.plant == Some(Plant::CountsAnew) {
            self.queue.count_anew();
        }
        self.queue.rewind();
        let after = Some(self.state.timeline.borrow().last).filter(|last| *last > 0);
        let token = self.state.token.borrow().clone();
        let widget = self.world.house.widget.to_string();
        self.send(&json!({
            "type": "hello", "protocol": 1, "sender": self.sender, "widget": widget, "language": "en",
            "token": token, "after": after,
        }));
        let mut ping = Instant::now() + PING_EVERY;
        loop {
            let Some(line) = self.line.as_mut() else { return End::Again(None) };
            tokio::select! {
                biased;
                act = acts.recv() => match act {
                    None | Some(Act::Close) => return End::Closed,
                    Some(act) => self.act(act),
                },
                frame = line.from.recv() => {
                    let Some(frame) = frame else { return End::Again(None) };
                    self.deadline = None;
                    let frame: Value = serde_json::from_str(&frame).expect("the server sends JSON");
                    if let Some(end) = self.frame(&frame) {
                        return end;
                    }
                    self.state.pending.set(self.queue.pending().len());
                }
                () = until(self.hold) => self.release(),
                () = until(self.gap) => {
                    self.gap = None;
                    if self.state.timeline.borrow().has_gap() && self.state.is_ready.get() {
                        self.world.count("gaps that were asked about");
                        return End::Again(Some(self.chance.backoff(0)));
                    }
                }
                () = until(self.deadline) => return End::Again(None),
                () = sleep_until(ping) => {
                    ping = Instant::now() + PING_EVERY;
                    self.send(&json!({ "type": "ping" }));
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Write(text) => {
                self.world.note(&self.name, &format!("writes `{text}`"));
                self.world.story.borrow_mut().said(&self.sender, true, &text);
                self.queue.push(text);
                if self.world.plant == Some(Plant::SendsBackwards) {
                    self.queue.turn_around();
                }
                self.state.pending.set(self.queue.pending().len());
                self.flush();
            }
            Act::See => {
                let sequence = self.state.timeline.borrow().last;
                if self.state.is_ready.get() && sequence > 0 {
                    self.send(&json!({ "type": "seen", "sequence": sequence }));
                }
            }
            Act::Close => {}
        }
    }

    fn send(&mut self, frame: &Value) {
        if let Some(line) = &self.line {
            let _ = line.to.send(frame.to_string());
            if frame["type"] == "message" || frame["type"] == "ping" || frame["type"] == "hello" {
                self.deadline.get_or_insert_with(|| Instant::now() + ANSWER_WITHIN);
            }
        }
    }

    fn frame(&mut self, frame: &Value) -> Option<End> {
        match frame["type"].as_str().unwrap_or_default() {
            "welcome" => self.welcome(frame),
            "message" | "event" => self.entry(frame),
            "current" => {
                let last = frame["last_sequence"].as_i64().unwrap_or_default();
                self.world.note(&self.name, &format!("← current {last}"));
                self.state.timeline.borrow_mut().complete(last);
            }
            "accepted" => self.accepted(frame),
            "problem" => return self.problem(frame),
            _ => {}
        }
        None
    }

    fn welcome(&mut self, frame: &Value) {
        let exists = !frame["conversation"].is_null();
        self.world.note(&self.name, &format!("← welcome {}", frame["conversation"]["last_sequence"]));
        self.state.is_ready.set(true);
        self.queue.in_flight = frame["limits"]["in_flight"].as_u64().unwrap_or(1) as usize;
        if let Some(token) = frame["token"].as_str() {
            *self.state.token.borrow_mut() = Some(token.to_owned());
            if self.keeps {
                *self.browser.token.borrow_mut() = Some(token.to_owned());
            }
        }
        if !exists && self.state.timeline.borrow().last > 0 {
            self.lose();
        }
        self.state.timeline.borrow_mut().begin(exists);
        self.release();
    }

    fn entry(&mut self, frame: &Value) {
        let sequence = frame["sequence"].as_i64().unwrap_or_default();
        let what = crate::simulation::story::what(frame);
        self.world.note(&self.name, &format!("← {sequence}: {what}"));
        if frame["sender"] == self.sender.as_str()
            && let Some(counter) = frame["counter"].as_i64()
        {
            self.queue.stored(counter);
        }
        self.place(frame["conversation"].as_str().unwrap_or_default(), sequence, what);
        self.flush();
    }

    fn accepted(&mut self, frame: &Value) {
        let counter = frame["counter"].as_i64().unwrap_or_default();
        let sequence = frame["sequence"].as_i64().unwrap_or_default();
        let conversation = frame["conversation"].as_str().unwrap_or_default();
        self.world
            .note(&self.name, &format!("← accepted {counter} as {sequence} in {}", self.world.alias(conversation)));
        self.world.count("acknowledged messages of visitors");
        if let Some(item) = self.queue.stored(counter) {
            {
                let mut story = self.world.story.borrow_mut();
                story.acknowledged(&self.sender, conversation, sequence, &item.text);
                story.begun(self.state.token.borrow().as_deref().unwrap_or_default(), conversation);
            }
            self.place(conversation, sequence, item.text);
            self.retries = 0;
        }
        self.flush();
    }

    fn place(&mut self, conversation: &str, sequence: i64, what: String) {
        let believes = self.world.plant == Some(Plant::LosesEntries);
        conversation.clone_into(&mut self.state.conversation.borrow_mut());
        let mut timeline = self.state.timeline.borrow_mut();
        timeline.place(conversation, sequence, what, believes);
        if timeline.has_gap() {
            self.gap.get_or_insert_with(|| Instant::now() + GAP_GRACE);
        }
    }

    fn problem(&mut self, frame: &Value) -> Option<End> {
        let code = frame["code"].as_str().unwrap_or_default();
        let wait = frame["retry_after_ms"].as_u64().map(Duration::from_millis);
        let fatal = frame["fatal"].as_bool().unwrap_or_default();
        self.world.note(&self.name, &format!("← problem {code} {}", frame["counter"]));
        match code {
            "rate_limited" | "busy" | "unavailable" => {
                self.world.count(if code == "rate_limited" { "rate limits" } else { "refusals for now" });
                if fatal {
                    return Some(End::Again(Some(self.after_server(wait.unwrap_or(Duration::from_secs(1))))));
                }
                if !self.queue.pending().is_empty() {
                    let wait = wait.unwrap_or_else(|| self.chance.backoff(self.retries));
                    self.pause(wait);
                }
            }
            "counter_gap" => {
                self.world.count("counter gaps");
                if self.hold.is_none() {
                    self.queue.expect(frame["expected"].as_i64().unwrap_or(1));
                    let wait = if self.retries > 0 { self.chance.backoff(self.retries) } else { Duration::ZERO };
                    self.retries += 1;
                    self.pause(wait);
                }
            }
            "token_invalid" => {
                self.world.count("tokens that were not ours");
                if self.state.timeline.borrow().last > 0 {
                    self.lose();
                }
                self.queue.restart();
                *self.state.token.borrow_mut() = None;
                *self.browser.token.borrow_mut() = None;
                self.keeps = false;
                return Some(End::Again(None));
            }
            // The wait is the server's chance, which differs from run to run: its longest.
            "restarting" => return Some(End::Again(Some(self.after_server(Duration::from_millis(2035))))),
            "not_found" | "forbidden" | "unsupported" if fatal => return Some(End::Gone),
            _ if fatal => return Some(End::Again(wait.map(|wait| self.after_server(wait)))),
            _ => {}
        }
        None
    }

    fn after_server(&self, wait: Duration) -> Duration {
        wait + self.chance.millis(0..wait.as_millis().clamp(1, 5000) as u64)
    }

    fn pause(&mut self, wait: Duration) {
        self.queue.rewind();
        self.hold = Some(Instant::now() + wait);
    }

    fn release(&mut self) {
        self.hold = None;
        self.flush();
    }

    fn flush(&mut self) {
        if !self.state.is_ready.get() || self.hold.is_some() {
            return;
        }
        for item in self.queue.due() {
            self.keeps = true;
            self.browser.token.borrow_mut().clone_from(&self.state.token.borrow());
            self.send(&json!({ "type": "message", "counter": item.counter, "text": item.text }));
        }
    }

    fn lose(&mut self) {
        self.world.note(&self.name, "its conversation is gone");
        self.state.timeline.borrow_mut().clear();
        self.queue.restart();
    }
}
