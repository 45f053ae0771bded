//! Who is there: operators with an open dashboard, visitors with an open chat, at this node and at others. In memory only.
//!
//! Nodes tell each other who came and went, and every few seconds everybody who is there, so that what was lost mends itself
//! and a node that died is noticed by its silence. While the bus is away, what was last known stays.
//!
//! An operator's page is one, over however many connections: a lost one that nobody has noticed yet, or the time for which
//! somebody who comes with requests counts as there between them, says no longer what the page said then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bus::{NodeId, Notice, Signal, Topic, Who};
use domain::{Capability, ConversationId, Level, OperatorId, OrganisationId, Principal, SenderId, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::App;

/// A node that says nothing for so long has gone: two tellings are missing. It is noticed with the next telling, so within
/// 18 seconds.
const SILENT_FOR: Duration = Duration::from_secs(13);

/// Other nodes at most: who else says to be one is not heard, or somebody who invents nodes could keep us busy with them.
const NODES: usize = 256;

/// People in one notice at most: keeps it far below what a bus carries in one piece.
const TOLD_AT_ONCE: usize = 2_000;

/// How many sockets each has open here, and who is at other nodes.
pub(crate) struct Presence {
    node: NodeId,
    here: Mutex<People<BTreeMap<Who, usize>>>,
    elsewhere: Mutex<HashMap<NodeId, Elsewhere>>,
    pages: Mutex<HashMap<(OperatorId, SenderId), Page>>,
}

/// What an operator's page said last.
struct Page {
    who: Who,
    at: Timestamp,
    /// Connections here, noticed to be lost or not.
    connections: usize,
}

/// Operators apart from visitors: they are few, and asked for by organisation too.
#[derive(Default)]
struct People<T> {
    operators: T,
    visitors: T,
}

impl<T> People<T> {
    const fn of_mut(&mut self, who: &Who) -> &mut T {
        match who {
            Who::Operator(..) | Who::Away(..) => &mut self.operators,
            Who::Visitor(_) => &mut self.visitors,
        }
    }
}

struct Elsewhere {
    who: People<BTreeSet<Who>>,
    heard: Instant,
}

/// Counts one more; says whether it is the first.
fn come<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) -> bool {
    let count = counts.entry(key).or_default();
    *count += 1;
    *count == 1
}

/// Counts one less; says whether it was the last.
fn go<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) -> bool {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => {
            *count -= 1;
            false
        }
        Some(_) => {
            counts.remove(key);
            true
        }
        None => false,
    }
}

impl Presence {
    pub(crate) fn new(node: NodeId) -> Self {
        Self { node, here: Mutex::default(), elsewhere: Mutex::default(), pages: Mutex::default() }
    }

    fn has_operator(&self, is_meant: impl Fn(&Who) -> bool) -> bool {
        self.here.lock().operators.keys().any(&is_meant)
            || self.elsewhere.lock().values().any(|node| node.who.operators.iter().any(&is_meant))
    }

    pub(crate) fn is_operator_online(&self, id: OperatorId) -> bool {
        self.has_operator(|who| matches!(who, Who::Operator(_, operator) if *operator == id))
    }

    /// Whether somebody's dashboard is open and nobody is at it, in no window.
    pub(crate) fn is_operator_away(&self, id: OperatorId) -> bool {
        !self.is_operator_online(id)
            && self.has_operator(|who| matches!(who, Who::Away(_, operator) if *operator == id))
    }

    pub(crate) fn is_visitor_online(&self, id: ConversationId) -> bool {
        let who = Who::Visitor(id);
        self.here.lock().visitors.contains_key(&who)
            || self.elsewhere.lock().values().any(|node| node.who.visitors.contains(&who))
    }
}

/// Somebody is there for as long as this lives.
pub struct Present {
    app: Arc<App>,
    what: What,
    stays: Duration,
}

#[derive(Clone, Copy)]
enum What {
    Page(OperatorId, SenderId),
    Visitor(ConversationId),
}

impl Present {
    /// Counts as there for a while longer: whoever comes back with request after request has not gone in between.
    pub const fn stay_for(&mut self, span: Duration) {
        self.stays = span;
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let (app, what, stays) = (Arc::clone(&self.app), self.what, self.stays);
        if stays.is_zero() {
            app.ends(what);
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(stays).await;
                app.ends(what);
            });
        }
    }
}

impl App {
    /// A page of an operator's connected, or says whether they are at it. Only those who may answer, and are not away, make
    /// the team look present to visitors. What the page says holds for all its connections, at other nodes too.
    pub fn operator_comes(self: &Arc<Self>, principal: Principal, sender: SenderId, is_away: bool) -> Option<Present> {
        principal.require(Capability::Conversations, Level::Write).ok()?;
        let kind = if is_away { Who::Away } else { Who::Operator };
        let (who, at) = (kind(principal.organisation, principal.operator), self.now());
        let is_news = {
            let mut pages = self.presence.pages.lock();
            match pages.get_mut(&(principal.operator, sender)) {
                Some(page) => {
                    page.connections += 1;
                    page.at = page.at.max(at);
                    let before = std::mem::replace(&mut page.who, who);
                    if before != who {
                        self.comes(who);
                        self.leaves(before);
                    }
                    before != who
                }
                None => {
                    pages.insert((principal.operator, sender), Page { who, at, connections: 1 });
                    self.comes(who);
                    true
                }
            }
        };
        if is_news {
            self.bus.tell_others(&Notice::Page { node: self.presence.node, sender: sender.0, who, at: at.0 });
        }
        let what = What::Page(principal.operator, sender);
        Some(Present { app: Arc::clone(self), what, stays: Duration::ZERO })
    }

    /// A visitor with a conversation opened the chat.
    pub fn visitor_comes(self: &Arc<Self>, id: ConversationId) -> Present {
        self.comes(Who::Visitor(id));
        Present { app: Arc::clone(self), what: What::Visitor(id), stays: Duration::ZERO }
    }

    fn ends(&self, what: What) {
        match what {
            What::Visitor(id) => self.leaves(Who::Visitor(id)),
            What::Page(operator, sender) => {
                let mut pages = self.presence.pages.lock();
                let Some(page) = pages.get_mut(&(operator, sender)) else { return };
                page.connections -= 1;
                if page.connections == 0 {
                    let who = page.who;
                    pages.remove(&(operator, sender));
                    self.leaves(who);
                }
            }
        }
    }

    /// A page has said something at another node since: a connection of it that is still counted here says nothing else.
    fn hear_page(&self, sender: SenderId, who: Who, at: Timestamp) {
        let (Who::Operator(_, operator) | Who::Away(_, operator)) = who else { return };
        let mut pages = self.presence.pages.lock();
        let Some(page) = pages.get_mut(&(operator, sender)).filter(|page| page.at < at && page.who != who) else {
            return;
        };
        page.at = at;
        let before = std::mem::replace(&mut page.who, who);
        self.comes(who);
        self.leaves(before);
    }

    /// Whether somebody is there to answer.
    pub fn is_team_online(&self, organisation: OrganisationId) -> bool {
        self.presence.has_operator(|who| matches!(who, Who::Operator(of, _) if *of == organisation))
    }

    fn comes(&self, who: Who) {
        self.changing(&[who], || {
            if come(self.presence.here.lock().of_mut(&who), who) {
                self.bus.tell_others(&Notice::Came(self.presence.node, who));
            }
        });
    }

    fn leaves(&self, who: Who) {
        self.changing(&[who], || {
            if go(self.presence.here.lock().of_mut(&who), &who) {
                self.bus.tell_others(&Notice::Went(self.presence.node, who));
            }
        });
    }

    /// Tells the sockets here for whom a change of presence makes a difference.
    fn changing(&self, concerned: &[Who], change: impl FnOnce()) {
        let seen = |who: &Who| match who {
            Who::Operator(organisation, _) | Who::Away(organisation, _) => self.is_team_online(*organisation),
            Who::Visitor(id) => self.presence.is_visitor_online(*id),
        };
        let before: Vec<bool> = concerned.iter().map(seen).collect();
        change();
        for (who, before) in concerned.iter().zip(before) {
            let mut told = before;
            // Until what was told is still so: somebody else may have come or gone, and told, in between.
            for _ in 0..4 {
                let now = seen(who);
                if now == told {
                    break;
                }
                told = now;
                match who {
                    Who::Operator(id, _) | Who::Away(id, _) => {
                        self.bus.signal_here(Topic::Team(*id), Signal::TeamPresence(now))
                    }
                    Who::Visitor(id) => {
                        self.bus.signal_here(Topic::Conversation(*id), Signal::VisitorPresence(*id, now));
                    }
                }
            }
        }
    }

    /// Takes what another node told about who is there.
    pub(crate) fn hear_presence(&self, notice: Notice) {
        let elsewhere = &self.presence.elsewhere;
        if let Notice::Came(id, _) | Notice::Went(id, _) | Notice::Here { node: id, .. } = notice {
            let nodes = elsewhere.lock();
            if nodes.len() >= NODES && !nodes.contains_key(&id) {
                return;
            }
        }
        let node = |id: NodeId| {
            parking_lot::MutexGuard::map(elsewhere.lock(), |nodes| {
                let node =
                    nodes.entry(id).or_insert_with(|| Elsewhere { who: People::default(), heard: Instant::now() });
                node.heard = Instant::now();
                node
            })
        };
        match notice {
            Notice::Came(id, who) => self.changing(&[who], || {
                node(id).who.of_mut(&who).insert(who);
            }),
            Notice::Went(id, who) => self.changing(&[who], || {
                node(id).who.of_mut(&who).remove(&who);
            }),
            Notice::Here { node: id, part, parts, who } => {
                let now: BTreeSet<Who> = who.into_iter().collect();
                let before = |who: &&Who| who.part(parts) == part;
                let concerned: Vec<Who> = {
                    let known = node(id);
                    let known = known.who.operators.iter().chain(&known.who.visitors).filter(before);
                    known.copied().collect::<BTreeSet<Who>>().symmetric_difference(&now).copied().collect()
                };
                self.changing(&concerned, || {
                    let mut node = node(id);
                    for who in &concerned {
                        let known = node.who.of_mut(who);
                        if now.contains(who) {
                            known.insert(*who)
                        } else {
                            known.remove(who)
                        };
                    }
                });
            }
            Notice::Page { sender, who, at, .. } => self.hear_page(SenderId(sender), who, Timestamp(at)),
            Notice::Gone(id) => self.forget_node(id),
            Notice::Ask(_) => self.tell_presence(),
            Notice::Changed(..) | Notice::Signal(..) | Notice::Widget(_) | Notice::Shred(_) => {}
        }
    }

    /// Tells the other nodes who is here, in parts that each say all about some: a lost one is made good by the next.
    pub(crate) fn tell_presence(&self) {
        let here: Vec<Who> = {
            let here = self.presence.here.lock();
            here.operators.keys().chain(here.visitors.keys()).copied().collect()
        };
        let parts = here.len().div_ceil(TOLD_AT_ONCE).max(1) as u64;
        for part in 0..parts {
            let who = here.iter().filter(|who| who.part(parts) == part).copied().collect();
            self.bus.tell_others(&Notice::Here { node: self.presence.node, part, parts, who });
        }
    }

    /// Asks the other nodes who is there.
    pub(crate) fn ask_presence(&self) {
        self.bus.tell_others(&Notice::Ask(self.presence.node));
    }

    /// Tells the other nodes that this one ends.
    pub(crate) fn tell_gone(&self) {
        self.bus.tell_others(&Notice::Gone(self.presence.node));
    }

    /// Forgets nodes that have fallen silent. While the bus is away all are silent, and what was last known stays.
    pub(crate) fn forget_silent_nodes(&self) {
        if !self.bus.is_up() {
            let now = Instant::now();
            self.presence.elsewhere.lock().values_mut().for_each(|node| node.heard = now);
            return;
        }
        let mut silent: Vec<(Instant, NodeId)> = {
            let nodes = self.presence.elsewhere.lock();
            let silent = nodes.iter().filter(|(_, node)| node.heard.elapsed() > SILENT_FOR);
            silent.map(|(id, node)| (node.heard, *id)).collect()
        };
        silent.sort_unstable();
        for (_, id) in silent {
            tracing::warn!(node = id.0, "another node has fallen silent");
            self.forget_node(id);
        }
    }

    fn forget_node(&self, id: NodeId) {
        let concerned: Vec<Who> = {
            let nodes = self.presence.elsewhere.lock();
            let who = nodes.get(&id).map(|node| node.who.operators.iter().chain(&node.who.visitors).copied().collect());
            who.unwrap_or_default()
        };
        self.changing(&concerned, || {
            self.presence.elsewhere.lock().remove(&id);
        });
    }
}
