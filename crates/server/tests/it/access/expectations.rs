//! What each role is answered, written by hand: an operation or frame that is not here fails the test.

/// Who asks, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Owner,
    Manager,
    Admin,
    Analyst,
    Staff,
    Agent,
    Officer,
    Visitor,
    Nobody,
}

pub(super) const ROLES: [Role; 9] = [
    Role::Owner,
    Role::Manager,
    Role::Admin,
    Role::Analyst,
    Role::Staff,
    Role::Agent,
    Role::Officer,
    Role::Visitor,
    Role::Nobody,
];

/// Whose conversation, widget, colleague or group a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// None.
    None,
    /// One of the organisation; a conversation that nobody or the caller has taken; a visitor's own.
    Own,
    /// A conversation that another agent has taken, for the staff's group.
    Groups,
    /// A conversation that another agent has taken.
    Colleagues,
    /// The organisation's owner.
    Owners,
    /// Another organisation's.
    Foreign,
    /// One that is not there.
    Unknown,
    /// The caller's alone.
    Personal,
}

impl Whose {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Own => "own or nobody's",
            Self::Groups => "a colleague's, of the staff's group",
            Self::Colleagues => "a colleague's",
            Self::Owners => "the owner",
            Self::Foreign => "another organisation's",
            Self::Unknown => "unknown",
            Self::Personal => "for oneself",
        }
    }
}

/// What is expected of an operation: a status per role, in the order of [`ROLES`].
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) query: &'static str,
    pub(super) expected: &'static [(Whose, [u16; 9])],
}

type Expected = &'static [(Whose, [u16; 9])];

const fn plain(method: &'static str, path: &'static str, expected: Expected) -> Operation {
    Operation { method, path, query: "", expected }
}

const fn asked(method: &'static str, path: &'static str, query: &'static str, expected: Expected) -> Operation {
    Operation { method, path, query, expected }
}

const SIGNED_IN: [u16; 9] = [200, 200, 200, 200, 200, 200, 200, 401, 401];
/// Whoever reads the audit log: not those who set everything else up, and not those who only answer.
const AUDITORS: [u16; 9] = [200, 200, 403, 403, 403, 403, 200, 401, 401];
const DONE: [u16; 9] = [204, 204, 204, 204, 204, 204, 204, 401, 401];
const WRONG_CODE: [u16; 9] = [422, 422, 422, 422, 422, 422, 422, 401, 401];

/// Everybody has their own sessions, and nobody another's, whatever their role.
const OWN_SESSION: Expected = &[
    (Whose::Own, DONE),
    (Whose::Foreign, [404, 404, 404, 404, 404, 404, 404, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 404, 404, 404, 404, 401, 401]),
];

// Owner, manager, admin, analyst, staff, agent, officer, visitor, nobody.
const CONVERSATION: Expected = &[
    (Whose::Own, [200, 200, 200, 403, 200, 200, 403, 401, 401]),
    (Whose::Groups, [200, 200, 200, 403, 200, 403, 403, 401, 401]),
    (Whose::Colleagues, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
];

// Of an entry that the caller wrote, where they could.
const OWN_ENTRY: Expected = &[
    (Whose::Own, [204, 204, 204, 403, 204, 204, 403, 401, 401]),
    (Whose::Groups, [204, 204, 204, 403, 204, 403, 403, 401, 401]),
    (Whose::Colleagues, [204, 204, 204, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
];

// A colleague's own snippet is answered like one that is not there.
const SNIPPET: Expected = &[
    (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
    (Whose::Colleagues, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
];
const SNIPPET_GONE: Expected = &[
    (Whose::Own, [204, 204, 204, 403, 403, 403, 403, 401, 401]),
    (Whose::Colleagues, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 404, 403, 401, 401]),
];

// Topics are looked after by whoever looks after the shared texts, and seen by whoever answers.
const TOPIC: Expected = &[
    (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
];
// One of its own for each question.
const TOPIC_GONE: Expected = &[
    (Whose::Own, [204, 204, 204, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
];

/// Whoever sees how long things are kept, and whoever says so.
const KEEPERS: [u16; 9] = [200, 200, 200, 403, 403, 403, 200, 401, 401];
const KEEPER: [u16; 9] = [200, 200, 403, 403, 403, 403, 200, 401, 401];

// Whoever says what must not be deleted reads nothing by it: any conversation can be meant.
const HELD: Expected = &[
    (Whose::Own, [201, 201, 403, 403, 403, 403, 201, 401, 401]),
    (Whose::Foreign, [404, 404, 403, 403, 403, 403, 404, 401, 401]),
    (Whose::Unknown, [404, 404, 403, 403, 403, 403, 404, 401, 401]),
];
// One of its own for each question.
const HELD_NO_MORE: Expected = &[
    (Whose::Own, [204, 204, 403, 403, 403, 403, 204, 401, 401]),
    (Whose::Foreign, [404, 404, 403, 403, 403, 403, 404, 401, 401]),
    (Whose::Unknown, [404, 404, 403, 403, 403, 403, 404, 401, 401]),
];

// One of each kind for each question.
const ERASE: Expected = &[
    (Whose::Own, [201, 201, 201, 403, 201, 403, 403, 401, 401]),
    (Whose::Groups, [201, 201, 201, 403, 201, 403, 403, 401, 401]),
    (Whose::Colleagues, [201, 201, 201, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 403, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 403, 403, 401, 401]),
];
// The owner asked for it: whoever does not reach everything sees their own.
const ERASURE: Expected = &[
    (Whose::Own, [200, 200, 200, 403, 403, 403, 200, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 403, 404, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 403, 404, 401, 401]),
];
// Of a conversation that staff reach, too.
const ERASURE_CHANGED: Expected = &[
    (Whose::Own, [200, 200, 200, 403, 200, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 404, 403, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 404, 403, 403, 401, 401]),
];
// It is not held up: whoever may let one go on hears that.
const ERASURE_RELEASED: Expected = &[
    (Whose::Own, [409, 409, 409, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
];
const ERASURE_NOW: Expected = &[
    (Whose::Own, [200, 200, 403, 403, 403, 403, 200, 401, 401]),
    (Whose::Foreign, [404, 404, 403, 403, 403, 403, 404, 401, 401]),
    (Whose::Unknown, [404, 404, 403, 403, 403, 403, 404, 401, 401]),
];

// A copy takes both rights: to take copies, and to read what is copied. The officer has the first alone.
const COPY: Expected = &[
    (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
    (Whose::Colleagues, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
    (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
    (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
];

pub(super) const OPERATIONS: &[Operation] = &[
    plain("get", "/api/setup", &[(Whose::None, [200; 9])]),
    // It works once, for whoever holds the code: see `security`.
    plain("post", "/api/setup", &[(Whose::None, [409; 9])]),
    plain("post", "/api/recovery-key/confirmation", &[(Whose::None, [204, 403, 403, 403, 403, 403, 403, 401, 401])]),
    plain("get", "/api/session", &[(Whose::None, SIGNED_IN)]),
    plain("post", "/api/session", &[(Whose::None, [200; 9])]),
    plain("patch", "/api/session", &[(Whose::None, SIGNED_IN)]),
    plain("delete", "/api/session", &[(Whose::None, [204; 9])]),
    // Whoever has done the first step may do the second; nobody has done this one. See `account`.
    plain("post", "/api/session/code", &[(Whose::Unknown, [401; 9])]),
    plain("post", "/api/session/passkey/question", &[(Whose::None, [200; 9])]),
    // With what no passkey has signed. With the right one: see `passkey`.
    plain("post", "/api/session/passkey", &[(Whose::Unknown, [401; 9])]),
    plain("get", "/api/sessions", &[(Whose::None, SIGNED_IN)]),
    plain("delete", "/api/sessions", &[(Whose::None, DONE)]),
    plain("delete", "/api/sessions/{id}", OWN_SESSION),
    plain("patch", "/api/sessions/{id}", OWN_SESSION),
    plain("put", "/api/password", &[(Whose::None, DONE)]),
    plain("get", "/api/second-factor", &[(Whose::None, SIGNED_IN)]),
    plain("post", "/api/second-factor/draft", &[(Whose::None, SIGNED_IN)]),
    // With a code that no phone shows. With the right one: see `account`.
    plain("put", "/api/second-factor", &[(Whose::Unknown, WRONG_CODE)]),
    plain("post", "/api/second-factor/removal", &[(Whose::Unknown, WRONG_CODE)]),
    plain("post", "/api/second-factor/recovery-codes", &[(Whose::Unknown, WRONG_CODE)]),
    plain("get", "/api/passkeys", &[(Whose::None, SIGNED_IN)]),
    plain("post", "/api/passkeys/draft", &[(Whose::None, SIGNED_IN)]),
    // The answer to no question. The answer to one: see `passkey`.
    plain("post", "/api/passkeys", &[(Whose::Unknown, WRONG_CODE)]),
    plain("patch", "/api/passkeys/{id}", OWN_SESSION),
    plain("delete", "/api/passkeys/{id}", OWN_SESSION),
    plain("get", "/api/programs", &[(Whose::None, [200, 200, 200, 403, 403, 403, 403, 401, 401])]),
    plain("post", "/api/programs", &[(Whose::None, [201, 201, 201, 403, 403, 403, 403, 401, 401])]),
    // A program of its own for each question.
    plain(
        "delete",
        "/api/programs/{id}",
        &[
            (Whose::Own, [204, 204, 204, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
    asked("get", "/api/conversations", "?list=mine", &[(Whose::None, [200, 200, 200, 403, 200, 200, 403, 401, 401])]),
    asked(
        "get",
        "/api/conversations",
        "?list=unassigned",
        &[(Whose::None, [200, 200, 200, 403, 200, 200, 403, 401, 401])],
    ),
    asked("get", "/api/conversations", "?list=all", &[(Whose::None, [200, 200, 200, 403, 200, 403, 403, 401, 401])]),
    asked(
        "get",
        "/api/conversations",
        "?list=mentioned",
        &[(Whose::None, [200, 200, 200, 403, 200, 200, 403, 401, 401])],
    ),
    plain("get", "/api/conversations/{id}", CONVERSATION),
    plain("get", "/api/conversations/{id}/readers", CONVERSATION),
    plain("get", "/api/conversations/{id}/entries", CONVERSATION),
    plain("patch", "/api/conversations/{id}/entries/{sequence}", OWN_ENTRY),
    plain("delete", "/api/conversations/{id}/entries/{sequence}", OWN_ENTRY),
    plain("put", "/api/conversations/{id}/assignment", CONVERSATION),
    plain("put", "/api/conversations/{id}/state", CONVERSATION),
    plain("put", "/api/conversations/{id}/snooze", CONVERSATION),
    plain("patch", "/api/conversations/{id}/topics", CONVERSATION),
    plain("put", "/api/conversations/{id}/guests/{operator}", CONVERSATION),
    plain("delete", "/api/conversations/{id}/guests/{operator}", CONVERSATION),
    plain("get", "/api/operators", &[(Whose::None, SIGNED_IN)]),
    // Each adds somebody, with the role of an agent.
    plain("post", "/api/operators", &[(Whose::None, [201, 201, 201, 403, 403, 403, 403, 401, 401])]),
    plain(
        "patch",
        "/api/operators/{id}",
        &[
            (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
            // Whoever has more rights than the caller is not the caller's to change (SZ6).
            (Whose::Owners, [200, 403, 403, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
    plain(
        "post",
        "/api/operators/{id}/link",
        &[
            (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
            (Whose::Owners, [200, 403, 403, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
    plain(
        "delete",
        "/api/operators/{id}/second-factor",
        &[
            (Whose::Own, [204, 204, 204, 403, 403, 403, 403, 401, 401]),
            (Whose::Owners, [204, 403, 403, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
    // Whoever holds a link may use it; this one nobody holds.
    plain("post", "/api/link", &[(Whose::Unknown, [404; 9])]),
    plain("post", "/api/link/holder", &[(Whose::Unknown, [404; 9])]),
    plain("get", "/api/groups", &[(Whose::None, SIGNED_IN)]),
    plain("post", "/api/groups", &[(Whose::None, [201, 201, 201, 403, 403, 403, 403, 401, 401])]),
    plain(
        "patch",
        "/api/groups/{id}",
        &[
            (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
    // A group of its own for each question.
    plain(
        "delete",
        "/api/groups/{id}",
        &[
            (Whose::Own, [204, 204, 204, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
    plain("get", "/api/roles", &[(Whose::None, SIGNED_IN)]),
    plain("get", "/api/snippets", &[(Whose::None, [200, 200, 200, 200, 200, 200, 403, 401, 401])]),
    // One's own are for everybody who answers, shared ones for those who look after them.
    plain(
        "post",
        "/api/snippets",
        &[
            (Whose::Own, [201, 201, 201, 403, 403, 403, 403, 401, 401]),
            (Whose::Personal, [201, 201, 201, 403, 201, 201, 403, 401, 401]),
        ],
    ),
    plain("patch", "/api/snippets/{id}", SNIPPET),
    plain("delete", "/api/snippets/{id}", SNIPPET_GONE),
    plain("get", "/api/audit", &[(Whose::None, AUDITORS)]),
    asked("get", "/api/audit/export", "?format=jsonl", &[(Whose::None, AUDITORS)]),
    plain("post", "/api/audit/verify", &[(Whose::None, AUDITORS)]),
    plain("get", "/api/audit/checkpoints", &[(Whose::None, AUDITORS)]),
    // Everybody sees what is recorded about themselves.
    plain("get", "/api/audit/mine", &[(Whose::None, SIGNED_IN)]),
    plain("get", "/api/backups", &[(Whose::None, [200, 200, 200, 403, 403, 403, 200, 401, 401])]),
    // No place is named in this house: `backups.rs` has one with places.
    plain("post", "/api/backups", &[(Whose::None, [409, 409, 403, 403, 403, 403, 409, 401, 401])]),
    plain("get", "/api/epoch", &[(Whose::None, [200, 200, 200, 403, 403, 403, 200, 401, 401])]),
    plain("get", "/api/countries", &[(Whose::None, KEEPERS)]),
    plain("put", "/api/countries", &[(Whose::None, KEEPER)]),
    // Organisations share this house: `epoch.rs` has one that is somebody's alone.
    plain("post", "/api/epoch/turn", &[(Whose::None, [409, 409, 403, 403, 403, 403, 409, 401, 401])]),
    plain("put", "/api/epoch/freeze", &[(Whose::None, [409, 409, 403, 403, 403, 403, 409, 401, 401])]),
    plain("get", "/api/topics", &[(Whose::None, [200, 200, 200, 200, 200, 200, 403, 401, 401])]),
    plain("post", "/api/topics", &[(Whose::None, [201, 201, 201, 403, 403, 403, 403, 401, 401])]),
    plain("patch", "/api/topics/{id}", TOPIC),
    plain("delete", "/api/topics/{id}", TOPIC_GONE),
    plain("get", "/api/retention", &[(Whose::None, KEEPERS)]),
    plain("put", "/api/retention/rules", &[(Whose::None, KEEPER)]),
    plain("post", "/api/retention/preview", &[(Whose::None, KEEPERS)]),
    plain("get", "/api/conversations/{id}/retention", CONVERSATION),
    plain("post", "/api/erasures", ERASE),
    plain("get", "/api/erasures", &[(Whose::None, [200, 200, 200, 403, 200, 403, 200, 401, 401])]),
    plain("get", "/api/erasures/{id}", ERASURE),
    plain("get", "/api/erasures/{id}/receipt", ERASURE),
    plain("post", "/api/erasures/{id}/undo", ERASURE_CHANGED),
    plain("post", "/api/erasures/{id}/release", ERASURE_RELEASED),
    plain("post", "/api/erasures/{id}/now", ERASURE_NOW),
    plain("get", "/api/stubs", &[(Whose::None, [200, 200, 200, 403, 200, 200, 403, 401, 401])]),
    plain("get", "/api/holds", &[(Whose::None, KEEPERS)]),
    plain("post", "/api/holds", HELD),
    plain("delete", "/api/holds/{id}", HELD_NO_MORE),
    asked("get", "/api/conversations/{id}/export", "?format=json", COPY),
    asked("get", "/api/conversations/{id}/export", "?format=html", COPY),
    asked(
        "get",
        "/api/organisation/export",
        "?format=jsonl",
        &[(Whose::None, [200, 200, 200, 403, 403, 403, 403, 401, 401])],
    ),
    asked(
        "get",
        "/api/organisation/export",
        "?format=csv",
        &[(Whose::None, [200, 200, 200, 403, 403, 403, 403, 401, 401])],
    ),
    plain("get", "/api/organisation/closing", &[(Whose::None, KEEPERS)]),
    // Under another name than it has: nothing is closed. What comes of the right one: see `closing`.
    plain("post", "/api/organisation/closing", &[(Whose::None, [422, 403, 403, 403, 403, 403, 403, 401, 401])]),
    plain("delete", "/api/organisation/closing", &[(Whose::None, [409, 403, 403, 403, 403, 403, 403, 401, 401])]),
    // Whoever has an acknowledgement may ask; this is none.
    plain("post", "/api/closing/receipt", &[(Whose::None, [422, 422, 422, 422, 422, 422, 422, 422, 422])]),
    plain("get", "/api/counters.csv", &[(Whose::None, [200, 200, 200, 200, 403, 403, 200, 401, 401])]),
    plain("get", "/api/widgets", &[(Whose::None, [200, 200, 200, 200, 403, 403, 200, 401, 401])]),
    plain(
        "patch",
        "/api/widgets/{id}",
        &[
            (Whose::Own, [200, 200, 200, 403, 403, 403, 403, 401, 401]),
            (Whose::Foreign, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
            (Whose::Unknown, [404, 404, 404, 403, 403, 403, 403, 401, 401]),
        ],
    ),
];

/// What is expected of a frame: an answer per role, in the order of [`ROLES`]. `quiet` is none, `401` no socket at all;
/// whoever reads no conversations is turned away at hello.
pub(super) struct Frame {
    pub(super) name: &'static str,
    pub(super) expected: &'static [(Whose, [&'static str; 9])],
}

const OFF: &str = "forbidden";

/// By owner, manager and admin; staff; agent; visitor. Analysts and officers are turned away, nobody has no socket.
const fn frame(
    all: &'static str,
    staff: &'static str,
    agent: &'static str,
    visitor: &'static str,
) -> [&'static str; 9] {
    [all, all, all, OFF, staff, agent, OFF, visitor, "401"]
}

pub(super) const FRAMES: &[Frame] = &[
    Frame { name: "hello", expected: &[(Whose::None, frame("welcome", "welcome", "welcome", "welcome"))] },
    Frame { name: "ping", expected: &[(Whose::None, frame("pong", "pong", "pong", "pong"))] },
    Frame { name: "away", expected: &[(Whose::None, frame("quiet", "quiet", "quiet", OFF))] },
    Frame { name: "watch", expected: &[(Whose::None, frame("quiet", "quiet", "quiet", OFF))] },
    Frame {
        name: "message",
        expected: &[
            (Whose::None, frame("malformed", "malformed", "malformed", "accepted")),
            (Whose::Own, frame("accepted", "accepted", "accepted", OFF)),
            (Whose::Groups, frame("accepted", "accepted", OFF, OFF)),
            (Whose::Colleagues, frame("accepted", OFF, OFF, OFF)),
            (Whose::Foreign, frame("not_found", "not_found", "not_found", OFF)),
            (Whose::Unknown, frame("not_found", "not_found", "not_found", OFF)),
        ],
    },
    Frame {
        name: "typing",
        expected: &[
            (Whose::None, frame("malformed", "malformed", "malformed", "quiet")),
            (Whose::Own, frame("quiet", "quiet", "quiet", OFF)),
            (Whose::Groups, frame("quiet", "quiet", OFF, OFF)),
            (Whose::Colleagues, frame("quiet", OFF, OFF, OFF)),
            (Whose::Foreign, frame("not_found", "not_found", "not_found", OFF)),
            (Whose::Unknown, frame("not_found", "not_found", "not_found", OFF)),
        ],
    },
    Frame {
        name: "seen",
        expected: &[
            (Whose::None, frame("malformed", "malformed", "malformed", "quiet")),
            (Whose::Own, frame("quiet", "quiet", "quiet", OFF)),
            (Whose::Groups, frame("quiet", "quiet", OFF, OFF)),
            (Whose::Colleagues, frame("quiet", OFF, OFF, OFF)),
            (Whose::Foreign, frame("not_found", "not_found", "not_found", OFF)),
            (Whose::Unknown, frame("not_found", "not_found", "not_found", OFF)),
        ],
    },
    Frame {
        name: "follow",
        expected: &[
            (Whose::Own, frame("current", "current", "current", OFF)),
            (Whose::Groups, frame("current", "current", OFF, OFF)),
            (Whose::Colleagues, frame("current", OFF, OFF, OFF)),
            (Whose::Foreign, frame("not_found", "not_found", "not_found", OFF)),
            (Whose::Unknown, frame("not_found", "not_found", "not_found", OFF)),
        ],
    },
    // What is not followed cannot be left: nothing is said about any of them.
    Frame {
        name: "unfollow",
        expected: &[
            (Whose::Own, frame("quiet", "quiet", "quiet", OFF)),
            (Whose::Groups, frame("quiet", "quiet", "quiet", OFF)),
            (Whose::Colleagues, frame("quiet", "quiet", "quiet", OFF)),
            (Whose::Foreign, frame("quiet", "quiet", "quiet", OFF)),
            (Whose::Unknown, frame("quiet", "quiet", "quiet", OFF)),
        ],
    },
    // Last: whoever may do it has no conversation afterwards.
    Frame { name: "erase", expected: &[(Whose::None, frame(OFF, OFF, OFF, "erased"))] },
];
