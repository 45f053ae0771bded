//! Visitors: over a WebSocket, and in requests where none comes through.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{Line, Scene, number, text_of};
use crate::harness::{Frames, Heard, hello_visitor};

/// Messages that wait for their acknowledgement.
pub(super) const WINDOW: i64 = 8;
/// How long one waits before one tries again, and looks around while nothing comes.
pub(super) const MOMENT: Duration = Duration::from_millis(30);

/// By what way a visitor's frames travel.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Way {
    Socket,
    /// A lasting answer, and a request per load of messages.
    Stream,
    /// Requests that end with the first news, and a request per load of messages.
    Poll,
}

/// One page load.
pub(super) struct Visitor {
    scene: Rc<Scene>,
    way: Way,
    name: String,
    sender: String,
    /// How often it has connected.
    turn: Cell<usize>,
    known: RefCell<Known>,
}

#[derive(Default)]
struct Known {
    token: Option<String>,
    id: Option<String>,
    line: Line,
    sent: Vec<String>,
}

/// What a frame means for the connection it came by.
enum Then {
    GoOn,
    /// Something was not stored, or nobody knows whether.
    Pause,
    ComeBack,
}

impl Visitor {
    pub(super) fn new(scene: &Rc<Scene>, index: usize, way: Way) -> Self {
        let how = match way {
            Way::Socket => "socket",
            Way::Stream => "stream",
            Way::Poll => "poll",
        };
        Self {
            scene: Rc::clone(scene),
            way,
            name: format!("visitor {index} ({how})"),
            sender: format!("{:016x}", 0xa000 + index),
            turn: Cell::new(index),
            known: RefCell::new(Known { line: Line { next: 1, ..Line::default() }, ..Known::default() }),
        }
    }

    /// From the first frame to the last.
    pub(super) async fn visit(self) {
        if self.way == Way::Socket {
            return self.by_socket().await;
        }
        // Two requests at once would be two visitors as long as there is no token.
        while self.known.borrow().token.is_none() {
            self.send(Vec::new()).await;
        }
        tokio::join!(self.listen(), self.write());
    }

    async fn by_socket(&self) {
        loop {
            let Ok(mut socket) = self.house().try_visitors_socket().await else {
                tokio::time::sleep(MOMENT).await;
                continue;
            };
            let (hello, mut ear) = self.hello();
            socket.say(hello).await;
            let mut greeted = false;
            self.go_back();
            loop {
                if self.is_done() {
                    return;
                }
                if greeted {
                    for message in self.due() {
                        socket.say(message).await;
                    }
                }
                let Ok(heard) = tokio::time::timeout(MOMENT, socket.hear()).await else { continue };
                let Heard::Frame(frame) = heard else { break };
                greeted |= frame["type"] == "welcome";
                match self.take(&frame, &mut ear) {
                    Then::GoOn => {}
                    Then::Pause => tokio::time::sleep(MOMENT).await,
                    Then::ComeBack => break,
                }
            }
        }
    }

    /// Listens by one request after the other.
    async fn listen(&self) {
        let mode = if self.way == Way::Stream { "stream" } else { "poll" };
        while !self.is_done() {
            let (hello, mut ear) = self.hello();
            let Ok(mut answer) = self.house().visitors_frames(mode, &[hello]).try_open().await else {
                tokio::time::sleep(MOMENT).await;
                continue;
            };
            while !self.is_done() {
                let Ok(heard) = tokio::time::timeout(MOMENT, answer.hear()).await else { continue };
                let Heard::Frame(frame) = heard else { break };
                if !matches!(self.take(&frame, &mut ear), Then::GoOn) {
                    break;
                }
            }
        }
    }

    /// Writes by one request after the other.
    async fn write(&self) {
        while !self.is_done() {
            let messages = self.due();
            if messages.is_empty() {
                tokio::time::sleep(MOMENT).await;
            } else {
                self.send(messages).await;
            }
        }
    }

    /// One request with messages; what it did not have acknowledged is sent again by the next.
    async fn send(&self, messages: Vec<Value>) {
        let (hello, mut ear) = self.hello();
        let frames: Vec<Value> = std::iter::once(hello).chain(messages).collect();
        if let Ok(mut answer) = self.house().visitors_frames("send", &frames).try_open().await {
            self.hear_out(&mut answer, &mut ear).await;
        } else {
            tokio::time::sleep(MOMENT).await;
        }
        self.go_back();
    }

    async fn hear_out(&self, answer: &mut Frames, ear: &mut i64) {
        while let Heard::Frame(frame) = answer.hear().await {
            if matches!(self.take(&frame, ear), Then::Pause) {
                tokio::time::sleep(MOMENT).await;
            }
        }
    }

    fn house(&self) -> &crate::harness::House {
        self.turn.set(self.turn.get() + 1);
        self.scene.house(self.turn.get())
    }

    /// The first frame, and the number after which its connection has to tell everything.
    fn hello(&self) -> (Value, i64) {
        let known = self.known.borrow();
        let mut hello = hello_visitor(&self.scene.stage.nodes[0].ours().widget, &self.sender);
        (hello["token"], hello["after"]) = (json!(known.token), known.line.held.into());
        (hello, known.line.held)
    }

    /// What was not acknowledged is sent again.
    fn go_back(&self) {
        let line = &mut self.known.borrow_mut().line;
        line.next = line.acknowledged + 1;
    }

    /// The messages to send now.
    fn due(&self) -> Vec<Value> {
        let mut due = Vec::new();
        let known = &mut *self.known.borrow_mut();
        // The first one begins the conversation; the others wait for its name.
        let window = if known.id.is_some() { WINDOW } else { 1 };
        while known.line.next - known.line.acknowledged <= window {
            if known.line.next as usize > known.sent.len() {
                if !self.scene.busy.get() {
                    break;
                }
                known.sent.push(format!("{} says {}", self.name, known.line.next));
                if let Some(id) = &known.id {
                    self.scene.side(&self.name, id, |side| side.sent.clone_from(&known.sent));
                }
            }
            let text = &known.sent[known.line.next as usize - 1];
            due.push(json!({ "type": "message", "counter": known.line.next, "text": text }));
            known.line.next += 1;
        }
        due
    }

    fn is_done(&self) -> bool {
        let known = self.known.borrow();
        if !self.scene.is_acknowledged(&known.line, known.sent.len()) {
            return false;
        }
        self.scene.settled.borrow_mut().insert(self.name.clone());
        let last = known.id.as_ref().and_then(|id| self.scene.last.borrow().get(id).copied());
        last.is_some_and(|(_, visible)| known.line.held >= visible)
    }

    /// Takes a frame in. `ear` is the last number that its connection told.
    fn take(&self, frame: &Value, ear: &mut i64) -> Then {
        let known = &mut *self.known.borrow_mut();
        let counter = number(frame, "counter");
        match frame["type"].as_str().unwrap() {
            "welcome" => {
                if let Some(new) = frame["token"].as_str() {
                    known.token = Some(new.to_owned());
                }
            }
            kind @ ("message" | "event" | "accepted") => {
                let chat = frame["conversation"].as_str().unwrap().to_owned();
                if known.id.is_none() {
                    self.scene.ids.borrow_mut().push(chat.clone());
                    known.id = Some(chat.clone());
                    let sent = known.sent.clone();
                    self.scene.side(&self.name, &chat, |side| (side.is_visitor, side.sent) = (true, sent));
                }
                if known.id.as_ref() != Some(&chat) {
                    self.scene.contradiction(format!("{}: one token, and two conversations", self.name));
                    return Then::ComeBack;
                }
                let sequence = number(frame, "sequence");
                if kind == "accepted" {
                    *ear = sequence.max(*ear);
                    self.scene.acknowledged(&self.name, &chat, &mut known.line, counter, sequence);
                } else if sequence > *ear && sequence <= known.line.held {
                    // Another connection was faster.
                    *ear = sequence;
                    self.scene.side(&self.name, &chat, |side| side.again.push((sequence, text_of(frame))));
                } else {
                    *ear = sequence;
                    self.scene.arrived(&self.name, &chat, &mut known.line, sequence, text_of(frame));
                }
            }
            "problem" if frame["fatal"] == true => return Then::ComeBack,
            "problem" => {
                self.scene.refused(&self.name, &known.line, frame);
                // Not stored, or not known whether: from there once more.
                known.line.next = known.line.next.min(counter.max(known.line.acknowledged + 1));
                return Then::Pause;
            }
            _ => {}
        }
        Then::GoOn
    }
}
