//! The audit log: who acts is said here and nowhere else, and here it is read, checked and signed. What is recorded is said
//! by the store functions that do it (`store::audit`).

mod checkpoint;
mod look;
mod read;
mod verify;

use domain::Principal;
use domain::audit::{Actor, Origin};
use store::audit::By;
pub use store::audit::{Broken, Fault, Verified};

pub use self::checkpoint::{Checkpoint, NotACheckpoint};
pub(crate) use self::look::Looks;
pub use self::read::{Format, Page, Query, Record};
use crate::App;

impl App {
    /// Somebody who is signed in, or their program.
    pub(crate) fn by(&self, principal: Principal) -> By {
        self.by_whom(principal.actor(), principal.origin)
    }

    /// The only place that says who acts.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that says who acts")]
    pub(crate) fn by_whom(&self, actor: Actor, origin: Origin) -> By {
        By::new(actor, origin, self.now())
    }

    /// Whoever runs the machine.
    pub(crate) fn by_command_line(&self) -> By {
        self.by_whom(Actor::CommandLine, Origin::CommandLine)
    }

    /// The house itself.
    pub(crate) fn by_house(&self) -> By {
        self.by_whom(Actor::House, Origin::House)
    }
}
