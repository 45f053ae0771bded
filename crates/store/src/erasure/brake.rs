//! The brake: how many conversations an organisation's people have deleted something of within a day, and whether that is more
//! than anybody plausibly deletes. Messages and passages count with the conversation they stand in, once: whoever takes every
//! message out of a conversation has emptied it.

use domain::erasure::is_flood;
use domain::limits::{BRAKE_SHARE, BRAKE_WAIT};
use domain::{ConversationId, OrganisationId, Timestamp};

use crate::engine::{Connection, statements};
use crate::{Error, Result};

statements! {
    // Who asks for a deletion waits for whoever does so at another node: each counts what the other one asked for.
    LOCK = "SELECT h.organisation_id FROM organisation h WHERE h.organisation_id = $1 {for_update}";
    // What was taken back does not count: it destroyed nothing. Visitors and rules are not somebody of the organisation.
    WHOLE =
        "SELECT organisation_id, CAST(SUM(conversations) AS BIGINT) FROM erasure
        WHERE organisation_id = $1 AND requested_at > $2 AND cause <> 'retention' AND cause <> 'visitor'
            AND state <> 'undone' AND what IN ('conversation', 'many', 'contact') GROUP BY organisation_id";
    // Of one that is through it is not known any more which conversation it was about: it counts by itself.
    PARTS =
        "SELECT p.organisation_id, COUNT(*) FROM (
            SELECT DISTINCT e.organisation_id, COALESCE(i.subject, -e.erasure_id) AS subject
            FROM erasure e LEFT JOIN erasure_item i ON i.erasure_id = e.erasure_id
            WHERE e.organisation_id = $1 AND e.requested_at > $2 AND e.cause <> 'retention' AND e.cause <> 'visitor'
                AND e.state <> 'undone' AND e.what IN ('message', 'passage')) p
        WHERE p.subject <> $3 GROUP BY p.organisation_id";
    HOW_MANY =
        "SELECT h.organisation_id, COUNT(*) FROM
            (SELECT organisation_id FROM head WHERE organisation_id = $1 LIMIT $2) h
        GROUP BY h.organisation_id";
}

/// Has everybody wait who asks for a deletion in this organisation, or ends the time in which one can be taken back.
pub(super) async fn lock(connection: &mut Connection, organisation: OrganisationId) -> Result<()> {
    let rows = connection.query_in(organisation.into(), &LOCK, &[organisation.into()]).await?;
    if rows.is_empty() { Err(Error::NotFound) } else { Ok(()) }
}

/// Whether so many conversations more are too many; `part_of` is one of which only a part is to go.
pub(super) async fn is_on(
    connection: &mut Connection,
    organisation: OrganisationId,
    more: i64,
    part_of: Option<ConversationId>,
    at: Timestamp,
) -> Result<bool> {
    let since = at.minus(BRAKE_WAIT);
    let whole = count(connection, organisation, &WHOLE, &[organisation.into(), since.into()]).await?;
    let but = part_of.map_or(0, |id| id.0);
    let parts = count(connection, organisation, &PARTS, &[organisation.into(), since.into(), but.into()]).await?;
    let sum = whole + parts + more;
    // Of all there were before any of them went; counted only where it matters, and no further than that.
    if !is_flood(sum, 0) {
        return Ok(false);
    }
    if is_flood(sum, i64::MAX) {
        return Ok(true);
    }
    let matters = sum * BRAKE_SHARE + 1;
    let left = count(connection, organisation, &HOW_MANY, &[organisation.into(), matters.into()]).await?;
    Ok(is_flood(sum, left + whole))
}

async fn count(
    connection: &mut Connection,
    organisation: OrganisationId,
    statement: &'static crate::engine::Statement,
    values: &[crate::engine::Value],
) -> Result<i64> {
    let rows = connection.query_in(organisation.into(), statement, values).await?;
    rows.first().map_or(Ok(0), |row| row.int(1))
}
