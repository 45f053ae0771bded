//! Sweeps that are held up. The first was judged implausible; what falls due while nobody has looked is held up beside it, and
//! goes on with it. It holds up nothing itself: a day after the judgement, sweeps are as they were.

use domain::audit::Kind as Did;
use domain::limits::BRAKE_WAIT;
use domain::{ErasureId, OperatorId, OrganisationId, Timestamp};

use super::undo::{RELEASE, fact};
use super::{Erasure, erasure, select};
use crate::audit::Fact;
use crate::engine::{Connection, statements};
use crate::{Result, job};

statements! {
    STAND_BESIDE =
        "UPDATE erasure SET braked = 2 WHERE erasure_id = $1 AND EXISTS (
            SELECT 1 FROM erasure o WHERE o.organisation_id = $2 AND o.cause = 'retention' AND o.braked = 1
                AND o.released_by IS NULL AND o.requested_at > $3 AND o.requested_at <= $4 AND o.erasure_id <> $1)";
    THOSE_BESIDE =
        select!("WHERE h.organisation_id = $1 AND h.cause = 'retention' AND h.braked = 2 AND h.state = 'braked'
            AND h.requested_at >= $2 AND h.requested_at <= $3 ORDER BY h.erasure_id {for_update}");
}

/// Notes of a sweep that is held up whether another one is that brought that about.
pub(super) async fn stand(
    connection: &mut Connection,
    organisation: OrganisationId,
    id: ErasureId,
    at: Timestamp,
) -> Result<()> {
    let values = [id.into(), organisation.into(), at.minus(BRAKE_WAIT).into(), at.into()];
    connection.execute_any(&STAND_BESIDE, &values).await.map(drop)
}

/// Lets those go on that were held up beside one that is let go on.
pub(super) async fn release(
    connection: &mut Connection,
    judged: &Erasure,
    by: OperatorId,
    at: Timestamp,
) -> Result<Vec<Fact>> {
    let organisation = judged.organisation;
    let (from, until) = (judged.requested_at, judged.requested_at.plus(BRAKE_WAIT));
    let values = [organisation.into(), from.into(), until.into()];
    let mut facts = Vec::new();
    for row in connection.query_in(organisation.into(), &THOSE_BESIDE, &values).await? {
        let beside = erasure(&row)?;
        let destroy_at = beside.destroy_at.minus(BRAKE_WAIT).max(at);
        connection.execute(&RELEASE, &[beside.id.into(), by.into(), destroy_at.into()], 1).await?;
        job::reschedule(connection, organisation, job::Kind::Erase, beside.id.0, destroy_at, at).await?;
        facts.extend(fact(&beside, Did::ErasureReleased));
    }
    Ok(facts)
}
