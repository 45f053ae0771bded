//! Somebody of each role, and a conversation, colleague, group and widget of each kind.

use serde_json::{Value, json};

use super::expectations::{Operation, Role, Whose};
use crate::harness::{Answer, Caller, Heard, House, On, PASSWORD, Person, Visitor, hello_operator, random};

pub(super) struct World {
    pub(super) house: &'static House,
    pub(super) owner: Caller,
    manager: Caller,
    admin: Caller,
    analyst: Caller,
    pub(super) staff: Caller,
    pub(super) agent: Caller,
    pub(super) officer: Caller,
    pub(super) visitor: Visitor,
    pub(super) colleague: String,
    pub(super) colleagues_session: Caller,
    pub(super) foreign_owner: Caller,
    owners_id: String,
    foreign_id: String,
    pub(super) group: String,
    foreign_group: String,
    snippet: String,
    colleagues_snippet: String,
    foreign_snippet: String,
    pub(super) own: String,
    pub(super) groups: String,
    pub(super) colleagues: String,
    pub(super) foreign: String,
}

pub(super) const UNKNOWN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

impl World {
    pub(super) async fn new(on: On) -> Self {
        let house = House::shared(on);
        let owner = house.sign_in(&house.ours().owner).await;
        let foreign_owner = house.sign_in(&house.theirs().owner).await;
        let colleague = house.id_of(&owner, &house.ours().colleague).await;
        let (visitor, own) = house.conversation(house.ours(), "Hallo").await;
        let (_, groups) = house.conversation(house.ours(), "Hallo").await;
        let (_, colleagues) = house.conversation(house.ours(), "Hallo").await;
        let (_, foreign) = house.conversation(house.theirs(), "Hallo").await;
        let (group, foreign_group) = (new_group(house, &owner).await, new_group(house, &foreign_owner).await);
        let path = format!("/api/conversations/{groups}/assignment");
        house.ask("PUT", &path).by(&owner).json(&json!({ "group": group })).send().await.is(200);
        for id in [&groups, &colleagues] {
            house.assign(&owner, id, Some(&colleague)).await.is(200);
        }
        let colleagues_session = house.sign_in(&house.ours().colleague).await;
        let somebody = async |role: &str| {
            let person = hire(house, role);
            let id = house.id_of(&owner, &person).await;
            (house.sign_in(&person).await, id)
        };
        let (staff, staffs_id) = somebody("staff").await;
        let path = format!("/api/operators/{staffs_id}");
        house.ask("PATCH", &path).by(&owner).json(&json!({ "groups": [group] })).send().await.is(200);
        Self {
            manager: somebody("manager").await.0,
            admin: somebody("admin").await.0,
            analyst: somebody("analyst").await.0,
            staff,
            agent: house.sign_in(&house.ours().agent).await,
            officer: house.sign_in(&house.ours().officer).await,
            snippet: new_snippet(house, &owner, true).await,
            colleagues_snippet: new_snippet(house, &colleagues_session, false).await,
            foreign_snippet: new_snippet(house, &foreign_owner, true).await,
            colleagues_session,
            owners_id: house.id_of(&owner, &house.ours().owner).await,
            foreign_id: house.id_of(&foreign_owner, &house.theirs().agent).await,
            foreign_owner,
            house,
            owner,
            visitor,
            colleague,
            group,
            foreign_group,
            own,
            groups,
            colleagues,
            foreign,
        }
    }

    pub(super) fn caller(&self, role: Role) -> Caller {
        match role {
            Role::Owner => self.owner.clone(),
            Role::Manager => self.manager.clone(),
            Role::Admin => self.admin.clone(),
            Role::Analyst => self.analyst.clone(),
            Role::Staff => self.staff.clone(),
            Role::Agent => self.agent.clone(),
            Role::Officer => self.officer.clone(),
            Role::Visitor => Caller::Program(self.visitor.token.clone()),
            Role::Nobody => Caller::Nobody,
        }
    }

    /// The conversation that is meant.
    pub(super) fn id(&self, whose: Whose) -> &str {
        match whose {
            Whose::None | Whose::Owners | Whose::Personal => "",
            Whose::Own => &self.own,
            Whose::Groups => &self.groups,
            Whose::Colleagues => &self.colleagues,
            Whose::Foreign => &self.foreign,
            Whose::Unknown => UNKNOWN,
        }
    }

    /// What a path names: a widget, a colleague, a group or a conversation.
    pub(super) async fn names(&self, operation: &Operation, whose: Whose) -> String {
        let house = self.house;
        let of_kind = |own: &str, foreign: &str| match whose {
            Whose::Foreign => foreign.to_owned(),
            Whose::Unknown => UNKNOWN.to_owned(),
            Whose::Owners => self.owners_id.clone(),
            _ => own.to_owned(),
        };
        match operation.path.split('/').nth(2) {
            Some("widgets") => of_kind(&house.ours().widget, &house.theirs().widget),
            Some("operators") => of_kind(&self.colleague, &self.foreign_id),
            Some("groups") if operation.method == "delete" => {
                let (ours, theirs) = (new_group(house, &self.owner).await, new_group(house, &self.foreign_owner).await);
                of_kind(&ours, &theirs)
            }
            Some("snippets") if operation.method == "delete" && whose != Whose::Unknown => {
                let (by, shared) = match whose {
                    Whose::Foreign => (&self.foreign_owner, true),
                    Whose::Colleagues => (&self.colleagues_session, false),
                    _ => (&self.owner, true),
                };
                new_snippet(house, by, shared).await
            }
            Some("snippets") if whose == Whose::Colleagues => self.colleagues_snippet.clone(),
            Some("snippets") => of_kind(&self.snippet, &self.foreign_snippet),
            Some("groups") => of_kind(&self.group, &self.foreign_group),
            _ => self.id(whose).to_owned(),
        }
    }

    pub(super) async fn ask(&self, operation: &Operation, whose: Whose, caller: &Caller) -> Answer {
        let id = self.names(operation, whose).await;
        let mut path = format!("{}{}", operation.path.replace("{id}", &id), operation.query);
        if path.contains("{sequence}") {
            path = path.replace("{sequence}", &self.noted(caller, &id).await.to_string());
        }
        let ask = self.house.ask(&operation.method.to_uppercase(), &path).by(caller);
        match self.body(operation.method, operation.path, whose) {
            Some(body) => ask.json(&body).send().await,
            None => ask.send().await,
        }
    }

    /// A note that the caller writes into a conversation, or its first entry where they cannot.
    pub(super) async fn noted(&self, caller: &Caller, conversation: &str) -> i64 {
        let Ok(mut socket) = self.house.operators_socket(caller).await else { return 1 };
        socket.say(hello_operator()).await;
        let note =
            json!({ "type": "message", "counter": 1, "conversation": conversation, "text": "Notiz", "note": true });
        socket.say(note).await;
        loop {
            match socket.hear().await {
                Heard::Frame(frame) if frame["type"] == "accepted" => return frame["sequence"].as_i64().unwrap(),
                Heard::Frame(frame) if frame["type"] == "problem" => return 1,
                Heard::Frame(_) => {}
                Heard::End(_) => return 1,
            }
        }
    }

    /// Bodies of operations that change nothing, or add one more of what there is.
    pub(super) fn body(&self, method: &str, path: &str, whose: Whose) -> Option<Value> {
        let house = self.house;
        let role = if whose == Whose::Owners { "owner" } else { "agent" };
        match (method, path) {
            ("post", "/api/setup") => Some(json!({
                "code": "x", "organisation": "Neu", "name": "Neu", "email": "neu@neu.example", "password": PASSWORD,
                "language": "de",
            })),
            ("post", "/api/recovery-key/confirmation") => Some(json!({ "key": house.ours().recovery_key })),
            ("post", "/api/session") => Some(json!({ "email": house.ours().agent.email, "password": PASSWORD })),
            ("patch", "/api/session") => Some(json!({ "language": "de" })),
            ("put", "/api/conversations/{id}/assignment") if matches!(whose, Whose::Colleagues | Whose::Groups) => {
                Some(json!({ "operator": self.colleague }))
            }
            ("put", "/api/conversations/{id}/assignment") => Some(json!({ "operator": null })),
            ("patch", "/api/conversations/{id}/entries/{sequence}") => Some(json!({ "text": "Notiz, berichtigt" })),
            ("put", "/api/conversations/{id}/state") => Some(json!({ "state": "open" })),
            ("post", "/api/operators") => Some(json!({
                "name": "Neu", "email": address(), "role": "agent", "groups": [], "language": "de",
            })),
            ("patch", "/api/operators/{id}") => Some(json!({ "role": role })),
            ("post", "/api/link") => Some(json!({ "secret": UNKNOWN, "password": PASSWORD })),
            ("post" | "patch", "/api/groups" | "/api/groups/{id}") => Some(json!({ "name": "Gruppe" })),
            ("post", "/api/snippets") => Some(snippet(whose != Whose::Personal)),
            ("patch", "/api/snippets/{id}") => {
                let mut body = snippet(true);
                body.as_object_mut().unwrap().remove("shared");
                Some(body)
            }
            ("patch", "/api/widgets/{id}") => Some(json!({ "greeting": "Guten Tag!" })),
            _ => None,
        }
    }
}

async fn new_group(house: &House, caller: &Caller) -> String {
    let made = house.ask("POST", "/api/groups").by(caller).json(&json!({ "name": "Gruppe" })).send().await.is(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn snippet(shared: bool) -> Value {
    json!({ "shared": shared, "shortcut": "danke", "title": "Danke", "wording": { "de": "Danke", "en": null } })
}

async fn new_snippet(house: &House, caller: &Caller, shared: bool) -> String {
    let made = house.ask("POST", "/api/snippets").by(caller).json(&snippet(shared)).send().await.is(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn address() -> String {
    format!("{:x}@neu.example", random())
}

/// Somebody with this role, and a name that tells them from everybody else.
pub(super) fn hire(house: &House, role: &str) -> Person {
    let address = address();
    house.hire(&house.ours().organisation, role, &address, &address)
}
