//! Snippets: texts for answering that are written once. One verb per file; what they say is sealed under a key of their own.

mod add;
mod change;
mod content;
mod list;
mod remove;

use domain::{Capability, Level, OperatorId, Principal};

pub use content::{Content, Opened, Wording};

use crate::{Error, Result};

/// Shared ones are for those who look after them; one's own for everybody who answers.
fn may_write(principal: Principal, owner: Option<OperatorId>) -> Result<()> {
    let area = if owner.is_some() { Capability::Conversations } else { Capability::Snippets };
    principal.require(Capability::Snippets, Level::Read)?;
    principal.require(area, Level::Write)?;
    Ok(())
}

/// Whoever may write none is refused before it is looked up which are there.
fn may_write_any(principal: Principal) -> Result<()> {
    let (shared, own) = (may_write(principal, None), may_write(principal, Some(principal.operator)));
    if shared.is_ok() || own.is_ok() { Ok(()) } else { Err(Error::Forbidden) }
}
