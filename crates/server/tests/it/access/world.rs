//! Somebody of each role, and a conversation, colleague, group and widget of each kind.

use domain::Clock as _;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::expectations::{Operation, ROLES, Role, Whose};
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
    topic: String,
    foreign_topic: String,
    pub(super) own: String,
    pub(super) groups: String,
    pub(super) colleagues: String,
    pub(super) foreign: String,
    spares: OnceCell<Vec<(Role, Person, Caller)>>,
    /// Conversations that are deleted and put back, so that not too many begin in a minute.
    erasable: tokio::sync::Mutex<Vec<(Whose, String)>>,
}

/// In the order of [`ROLES`].
const OPERATORS: [&str; 7] = ["owner", "manager", "admin", "analyst", "staff", "agent", "officer"];

pub(super) const UNKNOWN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

impl World {
    pub(super) async fn new(on: On) -> Self {
        let house = House::shared(on);
        let owner = house.sign_in(&house.ours().owner).await;
        let foreign_owner = house.sign_in_again(&house.theirs().owner).await;
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
            topic: new_topic(house, &owner).await,
            foreign_topic: new_topic(house, &foreign_owner).await,
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
            spares: OnceCell::new(),
            erasable: tokio::sync::Mutex::default(),
        }
    }

    /// Who asks: somebody whom no other test knows where the question is about one's own account, or must not be about the
    /// one who asks.
    pub(super) async fn caller_for(&self, operation: &Operation, role: Role) -> Caller {
        let own = ["/api/session", "/api/password", "/api/second-factor", "/api/passkeys", "/api/operators/{id}/"];
        let is_own = operation.path != "/api/session" && own.iter().any(|begin| operation.path.starts_with(begin));
        let spare = self.spares().await.iter().find(|(has, ..)| is_own && *has == role);
        spare.map_or_else(|| self.caller(role), |(_, _, caller)| caller.clone())
    }

    async fn spares(&self) -> &Vec<(Role, Person, Caller)> {
        let hire_all = async || {
            let mut spares = Vec::new();
            for (role, code) in ROLES.into_iter().zip(OPERATORS) {
                let person = hire(self.house, code);
                let caller = self.house.sign_in(&person).await;
                spares.push((role, person, caller));
            }
            spares
        };
        self.spares.get_or_init(hire_all).await
    }

    /// The id of another session of whoever asks; one that is not there where nobody does.
    async fn another_session(&self, caller: &Caller) -> String {
        let secret = |caller: &Caller| match caller {
            Caller::Browser(secret) => Some(secret.clone()),
            _ => None,
        };
        let mut people: Vec<(&Person, &Caller)> =
            self.spares().await.iter().map(|(_, person, caller)| (person, caller)).collect();
        people.push((&self.house.theirs().owner, &self.foreign_owner));
        let asks = people.into_iter().find(|(_, one)| secret(one).is_some() && secret(one) == secret(caller));
        let Some((person, _)) = asks else { return UNKNOWN.to_owned() };
        self.house.sign_in(person).await;
        let all = self.house.ask("GET", "/api/sessions").by(caller).send().await.is(200).json();
        let other = all.as_array().unwrap().iter().find(|one| one["current"] == false).expect("just signed in");
        other["id"].as_str().unwrap().to_owned()
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
    pub(super) async fn names(&self, operation: &Operation, whose: Whose, caller: &Caller) -> String {
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
            Some("sessions") => match whose {
                Whose::Own => self.another_session(caller).await,
                Whose::Foreign => self.another_session(&self.foreign_owner).await,
                _ => UNKNOWN.to_owned(),
            },
            Some("passkeys") => match whose {
                Whose::Own => a_passkey(house, caller).await,
                Whose::Foreign => a_passkey(house, &self.foreign_owner).await,
                _ => UNKNOWN.to_owned(),
            },
            Some("programs") => match whose {
                Whose::Own => new_program(house, &self.owner).await,
                Whose::Foreign => new_program(house, &self.foreign_owner).await,
                _ => UNKNOWN.to_owned(),
            },
            Some("erasures") if whose != Whose::Unknown && operation.path.contains("{id}") => {
                let by = if whose == Whose::Foreign { &self.foreign_owner } else { &self.owner };
                let body = json!({ "conversations": [self.fresh(whose).await] });
                let asked = house.ask("POST", "/api/erasures").by(by).json(&body).send().await.is(201);
                asked.json()["id"].as_str().unwrap().to_owned()
            }
            Some("holds") if whose != Whose::Unknown => {
                let (by, of) = match whose {
                    Whose::Foreign => (&self.foreign_owner, &self.foreign),
                    _ => (&self.owner, &self.own),
                };
                new_hold(house, by, of).await
            }
            Some("groups") if operation.method == "delete" => {
                let (ours, theirs) = (new_group(house, &self.owner).await, new_group(house, &self.foreign_owner).await);
                of_kind(&ours, &theirs)
            }
            Some("topics") if operation.method == "delete" && whose != Whose::Unknown => {
                new_topic(house, if whose == Whose::Foreign { &self.foreign_owner } else { &self.owner }).await
            }
            Some("topics") => of_kind(&self.topic, &self.foreign_topic),
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
        let id = self.names(operation, whose, caller).await;
        let mut path = format!("{}{}", operation.path.replace("{id}", &id), operation.query);
        let guest = if whose == Whose::Foreign { &self.foreign_id } else { &self.colleague };
        path = path.replace("{operator}", guest);
        if path.contains("{sequence}") {
            path = path.replace("{sequence}", &self.noted(caller, &id).await.to_string());
        }
        let ask = self.house.ask(&operation.method.to_uppercase(), &path).by(caller);
        let body = match (operation.method, operation.path) {
            ("post", "/api/erasures") => Some(json!({ "conversations": [self.fresh(whose).await] })),
            (method, path) => self.body(method, path, whose),
        };
        match body {
            Some(body) => ask.json(&body).send().await,
            None => ask.send().await,
        }
    }

    /// A conversation for whoever deletes one.
    async fn fresh(&self, whose: Whose) -> String {
        let house = self.house;
        let (of, by) = match whose {
            Whose::Unknown => return UNKNOWN.to_owned(),
            Whose::Foreign => (house.theirs(), &self.foreign_owner),
            _ => (house.ours(), &self.owner),
        };
        let mut erasable = self.erasable.lock().await;
        if let Some((_, id)) = erasable.iter().find(|(kind, _)| *kind == whose) {
            if house.ask("GET", &format!("/api/conversations/{id}")).by(by).send().await.status == 200 {
                return id.clone();
            }
            let last = house.ask("GET", "/api/erasures?limit=1").by(by).send().await.is(200).json();
            let undo = format!("/api/erasures/{}/undo", last["items"][0]["id"].as_str().unwrap());
            if house.ask("POST", &undo).by(by).send().await.status == 200 {
                return id.clone();
            }
        }
        let (_, id) = house.conversation(of, "Zu löschen").await;
        if whose == Whose::Groups {
            let path = format!("/api/conversations/{id}/assignment");
            house.ask("PUT", &path).by(&self.owner).json(&json!({ "group": self.group })).send().await.is(200);
        }
        if matches!(whose, Whose::Groups | Whose::Colleagues) {
            house.assign(&self.owner, &id, Some(&self.colleague)).await.is(200);
        }
        erasable.retain(|(kind, _)| *kind != whose);
        erasable.push((whose, id.clone()));
        id
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
            ("post", "/api/session/code") => Some(json!({ "token": UNKNOWN, "code": "000000" })),
            ("post", "/api/session/passkey") => Some(json!({
                "id": "AAAA", "user": "AAAA", "client_data": "e30", "authenticator_data": "AAAA", "signature": "AAAA",
            })),
            ("post", "/api/passkeys/draft") => Some(json!({ "password": PASSWORD })),
            ("post", "/api/passkeys") => {
                Some(json!({ "name": "Telefon", "client_data": "e30", "attestation": "AAAA" }))
            }
            ("patch", "/api/passkeys/{id}") => Some(json!({ "name": "Telefon" })),
            ("patch", "/api/sessions/{id}") => Some(json!({ "mine": true })),
            ("put", "/api/password") => Some(json!({ "current": PASSWORD, "password": PASSWORD })),
            ("put", "/api/second-factor") => {
                Some(json!({ "password": PASSWORD, "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "code": "0" }))
            }
            ("post", "/api/second-factor/removal" | "/api/second-factor/recovery-codes") => {
                Some(json!({ "password": PASSWORD, "code": "0" }))
            }
            ("post", "/api/programs") => Some(program()),
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
            ("post", "/api/link/holder") => Some(json!({ "secret": UNKNOWN })),
            ("post" | "patch", "/api/groups" | "/api/groups/{id}") => Some(group()),
            ("post", "/api/audit/verify") => Some(json!({})),
            ("put", "/api/countries") => Some(json!({ "countries": ["DE"] })),
            ("put", "/api/epoch/freeze") => Some(json!({ "days": 1, "reason": "an intruder" })),
            ("post", "/api/snippets") => Some(snippet(whose != Whose::Personal)),
            ("patch", "/api/snippets/{id}") => {
                let mut body = snippet(true);
                body.as_object_mut().unwrap().remove("shared");
                Some(body)
            }
            ("put" | "post", "/api/retention/rules" | "/api/retention/preview") => {
                Some(json!({ "kind": "content", "days": 3650 }))
            }
            ("post", "/api/erasures") => Some(json!({ "conversation": self.own, "entries": [1] })),
            ("post", "/api/organisation/closing") => {
                Some(json!({ "name": "Anders", "without_copy": true, "password": PASSWORD }))
            }
            ("post", "/api/closing/receipt") => Some(json!({ "receipt": "{}" })),
            ("post", "/api/holds") => Some(hold(self.id(whose))),
            ("put", "/api/conversations/{id}/snooze") => Some(json!({ "until": null })),
            ("post", "/api/topics") => Some(topic()),
            ("patch", "/api/topics/{id}") => Some(json!({ "name": "Thema" })),
            ("patch", "/api/conversations/{id}/topics") => Some(json!({ "add": [], "remove": [] })),
            ("patch", "/api/widgets/{id}") => Some(json!({ "greeting": "Guten Tag!" })),
            _ => None,
        }
    }
}

fn program() -> Value {
    json!({
        "name": "Import", "rights": [{ "capability": "conversations", "level": "read" }],
        "days": 30, "password": PASSWORD,
    })
}

/// A passkey of whoever asks, made where they have none; one that is not there where nobody asks.
async fn a_passkey(house: &House, caller: &Caller) -> String {
    let all = house.ask("GET", "/api/passkeys").by(caller).send().await;
    if all.status != 200 {
        return UNKNOWN.to_owned();
    }
    let one = match all.json()[0].clone() {
        Value::Null => crate::passkey::add(house, caller, &crate::passkey::device(house)).await.is(201).json(),
        one => one,
    };
    one["id"].as_str().unwrap().to_owned()
}

async fn new_program(house: &House, caller: &Caller) -> String {
    let made = house.ask("POST", "/api/programs").by(caller).json(&program()).send().await.is(201);
    made.json()["program"]["id"].as_str().unwrap().to_owned()
}

/// One that no other is called like.
fn group() -> Value {
    json!({ "name": format!("Gruppe {:x}", random()) })
}

async fn new_group(house: &House, caller: &Caller) -> String {
    let made = house.ask("POST", "/api/groups").by(caller).json(&group()).send().await.is(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Far ahead, and within eleven years of any day on which this runs.
fn hold(conversation: &str) -> Value {
    let until = domain::clock::SystemClock.now().0 + 365 * 24 * 3600 * 1_000_000;
    json!({ "conversation": conversation, "reason": "claim", "until": until })
}

async fn new_hold(house: &House, caller: &Caller, conversation: &str) -> String {
    let made = house.ask("POST", "/api/holds").by(caller).json(&hold(conversation)).send().await.is(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn topic() -> Value {
    json!({ "name": "Thema", "colour": 2 })
}

async fn new_topic(house: &House, caller: &Caller) -> String {
    let made = house.ask("POST", "/api/topics").by(caller).json(&topic()).send().await.is(201);
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
