//! Who may do what (law L5): a role is a list of rights, one per capability; a right has a level (off, read, write) and a
//! reach (own, group, all). The rules stand here; `app` asks them once per verb.

use serde::{Deserialize, Serialize};

use crate::audit::{Actor, Origin};
use crate::bits::bit_set;
use crate::{Guests, OperatorId, OrganisationId};

/// A named set of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Owns the organisation: everything. There is always one.
    Owner,
    /// Stands in for the owner in all but the installation itself.
    Manager,
    /// Sets up widgets, people and programs, and answers; does not read the audit log.
    Admin,
    /// Looks at how the house is set up; reads no conversation.
    Analyst,
    /// Answers for their groups: sees what colleagues there do.
    Staff,
    /// Answers: their own conversations, and those that nobody has taken.
    Agent,
    /// The data-protection officer: sees how the house is set up and who did what, reads no conversation.
    Officer,
    /// A visitor: the one conversation that is theirs. Nobody signs in with it.
    Visitor,
}

impl Role {
    /// Those that an operator can have, the widest first.
    pub const OPERATORS: [Self; 7] =
        [Self::Owner, Self::Manager, Self::Admin, Self::Analyst, Self::Staff, Self::Agent, Self::Officer];

    /// As stored and as sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Staff => "staff",
            Self::Agent => "agent",
            Self::Officer => "officer",
            Self::Visitor => "visitor",
        }
    }

    /// An operator's role from the stored word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::OPERATORS.into_iter().find(|role| role.code() == code)
    }

    /// What the role allows, in the order of [`Capability::ALL`].
    pub const fn rights(self) -> Rights {
        use Level::{Off, Read, Write};
        use Reach::{All, Group, Own};
        const OFF: (Level, Reach) = (Off, Own);
        const READ: (Level, Reach) = (Read, All);
        const WRITE: (Level, Reach) = (Write, All);
        // Conversations, snippets, team, widgets, audit, programs, installation, erasing, privacy.
        Rights(match self {
            Self::Owner => [WRITE, WRITE, WRITE, WRITE, READ, WRITE, WRITE, WRITE, WRITE],
            Self::Manager => [WRITE, WRITE, WRITE, WRITE, READ, WRITE, OFF, WRITE, WRITE],
            Self::Admin => [WRITE, WRITE, WRITE, WRITE, OFF, WRITE, OFF, WRITE, READ],
            Self::Analyst => [OFF, READ, READ, READ, OFF, OFF, OFF, OFF, OFF],
            Self::Staff => [(Write, Group), READ, READ, OFF, OFF, OFF, OFF, (Write, Group), OFF],
            Self::Agent => [(Write, Own), READ, READ, OFF, OFF, OFF, OFF, OFF, OFF],
            Self::Officer => [OFF, OFF, READ, READ, READ, OFF, OFF, READ, WRITE],
            Self::Visitor => [(Write, Own), OFF, OFF, OFF, OFF, OFF, OFF, (Write, Own), OFF],
        })
    }
}

/// An area of the product that a role can be let into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Reading and answering conversations.
    Conversations,
    /// Texts that are shared for answering, and the topics that conversations are filed under.
    Snippets,
    /// Who works here, and with which role.
    Team,
    /// The chat surfaces and their settings.
    Widgets,
    /// Who did what.
    Audit,
    /// Tokens with which programs act.
    Programs,
    /// What concerns the installation itself, such as the recovery key.
    Installation,
    /// Deleting what was said, and taking that back while it can be.
    Erasing,
    /// How long things are kept, what must not be deleted, backups, copies, receipts.
    Privacy,
}

impl Capability {
    /// Every one, in the order of [`Rights`], which is stored with programs' tokens: new ones go to the end.
    pub const ALL: [Self; 9] = [
        Self::Conversations,
        Self::Snippets,
        Self::Team,
        Self::Widgets,
        Self::Audit,
        Self::Programs,
        Self::Installation,
        Self::Erasing,
        Self::Privacy,
    ];

    /// As stored and as sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Snippets => "snippets",
            Self::Team => "team",
            Self::Widgets => "widgets",
            Self::Audit => "audit",
            Self::Programs => "programs",
            Self::Installation => "installation",
            Self::Erasing => "erasing",
            Self::Privacy => "privacy",
        }
    }
}

/// How far into an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not at all.
    Off,
    /// May look.
    Read,
    /// May look and change.
    Write,
}

impl Level {
    /// As sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Whose things in the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Their own, and those that nobody has taken yet.
    Own,
    /// The same, and what colleagues of their groups have.
    Group,
    /// Everything of the organisation.
    All,
}

/// What every capability is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights([(Level, Reach); Capability::ALL.len()]);

impl Rights {
    /// What is allowed in one area.
    pub const fn of(&self, capability: Capability) -> (Level, Reach) {
        self.0[capability as usize]
    }

    /// Whether these include all of the others: nobody grants what they lack (SZ6).
    pub fn include(&self, others: &Self) -> bool {
        self.0
            .iter()
            .zip(others.0)
            .all(|(mine, theirs)| theirs.0 == Level::Off || (mine.0 >= theirs.0 && mine.1 >= theirs.1))
    }

    /// What both allow: a program has no more than its operator.
    #[must_use]
    pub fn at_most(mut self, others: &Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(others.0) {
            *mine = (mine.0.min(theirs.0), mine.1.min(theirs.1));
        }
        self
    }

    /// These, with everything off but what is named, up to a level each.
    #[must_use]
    pub fn only(self, named: &[(Capability, Level)]) -> Self {
        let mut rights = Self([(Level::Off, Reach::Own); Capability::ALL.len()]);
        for (capability, level) in named {
            let (mine, reach) = self.of(*capability);
            rights.0[*capability as usize] = (mine.min(*level), reach);
        }
        rights
    }
}

bit_set! {
    /// A group of an organisation's operators, by its number.
    GroupNumber,
    /// Groups of an organisation: each has a number below [`Groups::MOST`].
    Groups
}

/// Whose a conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hands {
    /// Who is on it.
    pub assignee: Option<OperatorId>,
    /// Which group it is for; everybody's where there is none.
    pub group: Option<GroupNumber>,
    /// Who was asked in besides.
    pub guests: Guests,
}

/// What a principal has in one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// How far.
    pub level: Level,
    /// Whose.
    pub reach: Reach,
    /// The principal's own groups.
    pub groups: Groups,
}

impl Access {
    /// For what the house does itself, on behalf of somebody who need not reach it.
    pub const EVERYTHING: Self = Self { level: Level::Write, reach: Reach::All, groups: Groups(0) };

    /// Whether a conversation in these hands is within reach of `operator`.
    pub fn reaches(self, operator: OperatorId, hands: Hands) -> bool {
        let is_mine = hands.assignee == Some(operator) || hands.guests.contain(operator);
        let is_ours = hands.group.is_none_or(|group| self.groups.contain(group));
        match self.reach {
            Reach::All => true,
            Reach::Group => is_mine || (is_ours && (hands.group.is_some() || hands.assignee.is_none())),
            Reach::Own => is_mine || (is_ours && hands.assignee.is_none()),
        }
    }
}

/// Who asks: a signed-in operator, or a program with a token of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant; never taken from what the client sends.
    pub organisation: OrganisationId,
    /// The person.
    pub operator: OperatorId,
    /// Their role in this organisation.
    pub role: Role,
    /// What they may do: their role's rights, or what a program was given of them.
    pub rights: Rights,
    /// The groups they are in.
    pub groups: Groups,
    /// From where they ask.
    pub origin: Origin,
}

/// The role does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the role does not allow this")]
pub struct Refused;

impl Principal {
    /// A signed-in operator.
    pub const fn new(organisation: OrganisationId, operator: OperatorId, role: Role, groups: Groups) -> Self {
        Self { organisation, operator, role, rights: role.rights(), groups, origin: Origin::Browser }
    }

    /// The same from somewhere else.
    #[must_use]
    pub const fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Who is recorded as having acted.
    pub const fn actor(&self) -> Actor {
        match self.origin {
            Origin::Program => Actor::Program(self.operator),
            Origin::CommandLine => Actor::CommandLine,
            Origin::House => Actor::House,
            _ => Actor::Operator(self.operator),
        }
    }

    /// The access that is needed, or a refusal.
    ///
    /// # Errors
    /// [`Refused`] where less than `level` is allowed.
    pub fn require(&self, capability: Capability, level: Level) -> Result<Access, Refused> {
        let (has, reach) = self.rights.of(capability);
        if has >= level && has > Level::Off {
            Ok(Access { level: has, reach, groups: self.groups })
        } else {
            Err(Refused)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: OperatorId = OperatorId(7);
    const COLLEAGUE: OperatorId = OperatorId(8);

    fn group(number: i64) -> GroupNumber {
        GroupNumber::new(number).unwrap()
    }

    fn principal(role: Role) -> Principal {
        Principal::new(OrganisationId(1), ME, role, [group(3)].into_iter().collect())
    }

    fn reached(role: Role) -> Vec<Hands> {
        let access = principal(role).require(Capability::Conversations, Level::Read).unwrap();
        all_hands().into_iter().filter(|hands| access.reaches(ME, *hands)).collect()
    }

    fn all_hands() -> Vec<Hands> {
        let whose = [None, Some(ME), Some(COLLEAGUE)];
        let groups = [None, Some(group(3)), Some(group(4))];
        groups
            .into_iter()
            .flat_map(|group| whose.map(|assignee| Hands { assignee, group, ..Hands::default() }))
            .collect()
    }

    #[test]
    fn an_officer_reads_no_conversation_but_an_agent_does() {
        assert!(principal(Role::Agent).require(Capability::Conversations, Level::Write).is_ok());
        assert_eq!(principal(Role::Officer).require(Capability::Conversations, Level::Read), Err(Refused));
    }

    #[test]
    fn off_never_satisfies_even_a_wish_for_off() {
        assert_eq!(principal(Role::Officer).require(Capability::Conversations, Level::Off), Err(Refused));
    }

    #[test]
    fn each_reach_is_wider_than_the_one_before() {
        let hands = |group, assignee| Hands { assignee, group, ..Hands::default() };
        assert_eq!(
            reached(Role::Agent),
            [
                hands(None, None),
                hands(None, Some(ME)),
                hands(Some(group(3)), None),
                hands(Some(group(3)), Some(ME)),
                hands(Some(group(4)), Some(ME)),
            ]
        );
        assert_eq!(
            reached(Role::Staff),
            [
                hands(None, None),
                hands(None, Some(ME)),
                hands(Some(group(3)), None),
                hands(Some(group(3)), Some(ME)),
                hands(Some(group(3)), Some(COLLEAGUE)),
                hands(Some(group(4)), Some(ME)),
            ]
        );
        assert_eq!(reached(Role::Manager), all_hands());
    }

    #[test]
    fn whoever_was_asked_in_reaches_it_as_if_it_were_theirs_and_nobody_else_does() {
        let out_of_reach = Hands { assignee: Some(COLLEAGUE), group: Some(group(4)), ..Hands::default() };
        let asked = |one| Hands { guests: Guests::default().with(one), ..out_of_reach };
        for role in [Role::Agent, Role::Staff] {
            let access = principal(role).require(Capability::Conversations, Level::Read).unwrap();
            assert!(!access.reaches(ME, out_of_reach));
            assert!(access.reaches(ME, asked(ME)));
            assert!(!access.reaches(ME, asked(COLLEAGUE)));
        }
    }

    #[test]
    fn nobody_includes_what_they_lack() {
        let include = |one: Role, other: Role| one.rights().include(&other.rights());
        assert!(Role::OPERATORS.into_iter().all(|role| include(Role::Owner, role)));
        assert!(!Role::OPERATORS.into_iter().skip(1).any(|role| include(role, Role::Owner)));
        assert!(
            !include(Role::Admin, Role::Officer),
            "an admin does not read the audit log, so appoints nobody who does"
        );
        assert!(include(Role::Admin, Role::Agent) && include(Role::Staff, Role::Agent));
        assert!(!include(Role::Agent, Role::Staff));
    }

    #[test]
    fn a_program_has_no_more_than_was_named_and_no_more_than_its_operator() {
        let named = [(Capability::Conversations, Level::Write), (Capability::Audit, Level::Write)];
        let given = Role::Agent.rights().only(&named);
        assert_eq!(given.of(Capability::Conversations), (Level::Write, Reach::Own));
        assert_eq!(given.of(Capability::Audit).0, Level::Off, "an agent has no audit log to give");
        assert_eq!(given.of(Capability::Team).0, Level::Off, "what is not named is off");
        let widest = Role::Owner.rights().at_most(&given);
        assert_eq!(widest, given);
    }

    #[test]
    fn a_group_is_a_bit_and_no_bit_is_the_sign() {
        let groups: Groups = [group(0), group(62)].into_iter().collect();
        assert!(groups.bits() > 0);
        assert_eq!(Groups::from_bits(groups.bits()).iter().map(GroupNumber::number).collect::<Vec<_>>(), [0, 62]);
        assert_eq!(GroupNumber::new(63), None);
        assert_eq!(GroupNumber::new(-1), None);
        assert_eq!(Groups::from_bits(-1).iter().count(), 63);
    }
}
