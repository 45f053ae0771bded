//! Visitors: browsers with one window or several, each a page load of the widget.

mod page;
mod queue;
mod timeline;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::mpsc;

use super::chance::Chance;
use super::world::World;
use page::Page;
use queue::Outgoing;
use timeline::Timeline;

/// What somebody does at a page.
enum Act {
    Write(String),
    See,
    /// Closes the page; what is unconfirmed may be left to the next one.
    Close,
}

/// What a page load leaves in the tab.
struct Leftover {
    token: Option<String>,
    sender: String,
    pending: Vec<Outgoing>,
    counter: i64,
}

/// What a browser keeps for the widget's origin.
#[derive(Default)]
struct Browser {
    /// Stands for its address.
    source: u64,
    token: RefCell<Option<String>>,
    leftover: RefCell<Option<Leftover>>,
}

/// How a page stands, for whoever looks at it from outside.
#[derive(Default)]
pub(super) struct State {
    pub(super) is_ready: Cell<bool>,
    pub(super) is_gone: Cell<bool>,
    pub(super) pending: Cell<usize>,
    pub(super) conversation: RefCell<String>,
    token: RefCell<Option<String>>,
    timeline: RefCell<Timeline>,
}

impl State {
    /// What is on the screen.
    pub(super) fn entries(&self) -> Vec<(i64, String)> {
        self.timeline.borrow().entries.clone()
    }
}

struct Window {
    acts: mpsc::UnboundedSender<Act>,
    state: Rc<State>,
    name: String,
}

/// A visitor.
pub(super) struct Visitor {
    world: Rc<World>,
    name: String,
    chance: Chance,
    browser: Rc<Browser>,
    windows: Vec<Option<Window>>,
    pages: u64,
    said: u64,
}

impl Visitor {
    pub(super) fn new(world: &Rc<World>, number: u64) -> Self {
        let name = format!("v{number}");
        let (chance, browser) = (world.chance(&name), Rc::new(Browser { source: number, ..Browser::default() }));
        if chance.percent(10) {
            // From another installation, or made up.
            *browser.token.borrow_mut() = Some("q1notours".to_owned());
        }
        let windows = Vec::new();
        let mut visitor = Self { world: Rc::clone(world), name, chance, browser, windows, pages: 0, said: 0 };
        visitor.open(0);
        visitor
    }

    /// Does something, by chance.
    pub(super) async fn act(&mut self) {
        let window = self.chance.within(0..self.windows.len() as u64) as usize;
        match self.chance.within(0..100) {
            0..70 => {
                let messages =
                    if self.chance.percent(4) { self.chance.within(2..30) } else { self.chance.within(1..4) };
                (0..messages).for_each(|_| self.write(window));
            }
            70..85 => self.tell(window, Act::See),
            85..94 => self.reload(window).await,
            94..97 if self.windows.len() < 2 => self.open(1),
            _ => self.write_in_all(),
        }
    }

    /// The same token in two windows, and both write at once.
    fn write_in_all(&mut self) {
        if self.windows.len() < 2 {
            // As if the first page had kept it at the moment the second one looked.
            let token = self.windows.iter().flatten().find_map(|window| window.state.token.borrow().clone());
            if token.is_some() {
                *self.browser.token.borrow_mut() = token;
            }
            self.open(1);
        }
        (0..self.windows.len()).for_each(|window| self.write(window));
    }

    /// Writes something that nobody else writes.
    pub(super) fn write(&mut self, window: usize) {
        self.said += 1;
        let text = format!("{} says {}", self.name, self.said);
        self.tell(window, Act::Write(text));
    }

    fn tell(&self, window: usize, act: Act) {
        if let Some(Some(window)) = self.windows.get(window) {
            let _ = window.acts.send(act);
        }
    }

    async fn reload(&mut self, number: usize) {
        if let Some(Some(window)) = self.windows.get_mut(number).map(Option::take) {
            let _ = window.acts.send(Act::Close);
            window.acts.closed().await;
            self.world.note(&window.name, "closed");
            self.world.count("page loads ended");
            if self.chance.percent(25) {
                // Storage was cleared: what was unconfirmed is lost.
                self.browser.leftover.borrow_mut().take();
            }
        }
        self.open(number);
    }

    fn open(&mut self, number: usize) {
        self.pages += 1;
        let name = format!("{}.{}", self.name, self.pages);
        let (acts, todo) = mpsc::unbounded_channel();
        let state = Rc::<State>::default();
        let page = Page::new(&self.world, name.clone(), &self.browser, &state);
        tokio::task::spawn_local(page.live(todo));
        let window = Some(Window { acts, state, name });
        match self.windows.get_mut(number) {
            Some(place) => *place = window,
            None => self.windows.push(window),
        }
    }

    /// The pages that are open.
    pub(super) fn pages(&self) -> impl Iterator<Item = (&str, &Rc<State>)> {
        self.windows.iter().flatten().map(|window| (window.name.as_str(), &window.state))
    }

    pub(super) fn windows(&self) -> usize {
        self.windows.len()
    }
}
