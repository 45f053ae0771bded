//! Who is there: operators with an open dashboard, visitors with an open chat. In memory only.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use bus::{Signal, Topic};
use domain::{Capability, ConversationId, Level, OperatorId, OrganisationId, Principal};
use parking_lot::Mutex;

use crate::App;

/// How many sockets each has open.
#[derive(Default)]
pub(crate) struct Presence {
    operators: Mutex<HashMap<OperatorId, usize>>,
    teams: Mutex<HashMap<OrganisationId, usize>>,
    visitors: Mutex<HashMap<ConversationId, usize>>,
}

/// Counts one more; says whether it is the first.
fn come<K: Hash + Eq>(counts: &Mutex<HashMap<K, usize>>, key: K) -> bool {
    let mut counts = counts.lock();
    let count = counts.entry(key).or_default();
    *count += 1;
    *count == 1
}

/// Counts one less; says whether it was the last.
fn go<K: Hash + Eq>(counts: &Mutex<HashMap<K, usize>>, key: &K) -> bool {
    let mut counts = counts.lock();
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
    pub(crate) fn is_operator_online(&self, id: OperatorId) -> bool {
        self.operators.lock().contains_key(&id)
    }

    pub(crate) fn is_visitor_online(&self, id: ConversationId) -> bool {
        self.visitors.lock().contains_key(&id)
    }

    pub(crate) fn is_team_online(&self, id: OrganisationId) -> bool {
        self.teams.lock().contains_key(&id)
    }
}

enum Who {
    Operator(Principal),
    Visitor(ConversationId),
}

/// Somebody is there for as long as this lives.
pub struct Present {
    app: Arc<App>,
    who: Who,
}

impl Drop for Present {
    fn drop(&mut self) {
        let (presence, bus) = (&self.app.presence, &self.app.bus);
        match self.who {
            Who::Operator(principal) => {
                go(&presence.operators, &principal.operator);
                if go(&presence.teams, &principal.organisation) {
                    bus.signal(Topic::Team(principal.organisation), Signal::TeamPresence(false));
                }
            }
            Who::Visitor(id) => {
                if go(&presence.visitors, &id) {
                    bus.signal(Topic::Conversation(id), Signal::VisitorPresence(id, false));
                }
            }
        }
    }
}

impl App {
    /// An operator opened the dashboard. Only those who may answer make the team look present to visitors.
    pub fn operator_comes(self: &Arc<Self>, principal: Principal) -> Option<Present> {
        principal.require(Capability::Conversations, Level::Write).ok()?;
        come(&self.presence.operators, principal.operator);
        if come(&self.presence.teams, principal.organisation) {
            self.bus.signal(Topic::Team(principal.organisation), Signal::TeamPresence(true));
        }
        Some(Present { app: Arc::clone(self), who: Who::Operator(principal) })
    }

    /// A visitor with a conversation opened the chat.
    pub fn visitor_comes(self: &Arc<Self>, id: ConversationId) -> Present {
        if come(&self.presence.visitors, id) {
            self.bus.signal(Topic::Conversation(id), Signal::VisitorPresence(id, true));
        }
        Present { app: Arc::clone(self), who: Who::Visitor(id) }
    }

    /// Whether somebody is there to answer.
    pub fn is_team_online(&self, organisation: OrganisationId) -> bool {
        self.presence.is_team_online(organisation)
    }
}
