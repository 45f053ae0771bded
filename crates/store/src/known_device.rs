//! Browsers in which somebody has signed in before, by the hash of a random cookie.

use std::time::Duration;

use domain::{OperatorId, OrganisationId, Timestamp};

use crate::engine::statements;
use crate::{Result, Scope, Store, System};

statements! {
    // By the address's index and not by the operator, so that an unknown address takes the same way (SA1).
    OF_ADDRESS =
        "SELECT d.organisation_id, d.operator_id
        FROM known_device d JOIN operator o ON o.operator_id = d.operator_id AND o.organisation_id = d.organisation_id
        WHERE d.device_hash = $1 AND o.email_index = $2 AND d.used_at > $3";
    IS_OURS = "SELECT organisation_id FROM known_device WHERE device_hash = $1 AND used_at > $2 LIMIT 1";
    HAS_ANY =
        "SELECT organisation_id FROM known_device WHERE organisation_id = $1 AND operator_id = $2 LIMIT 1";
    IS_KNOWN =
        "SELECT organisation_id FROM known_device
        WHERE device_hash = $1 AND organisation_id = $2 AND operator_id = $3";
    REMEMBER =
        "INSERT INTO known_device (device_hash, operator_id, organisation_id, created_at, used_at)
        VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (device_hash, operator_id) DO UPDATE SET used_at = excluded.used_at";
    FORGET = "DELETE FROM known_device WHERE organisation_id = $1 AND operator_id = $2 AND device_hash = $3";
    FORGET_ALL = "DELETE FROM known_device WHERE organisation_id = $1 AND operator_id = $2";
    FORGET_WITHOUT_SESSION =
        "DELETE FROM known_device WHERE organisation_id = $1 AND operator_id = $2 AND NOT EXISTS (
            SELECT 1 FROM session s WHERE s.organisation_id = $1 AND s.operator_id = $2
            AND s.device_hash = known_device.device_hash)";
    DELETE_EXPIRED = "DELETE FROM known_device WHERE used_at <= $1";
}

impl Store {
    /// Whether whoever has this address signed in with this browser before, and whether anybody did.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_known_device(
        &self,
        device: [u8; 32],
        email_index: [u8; 32],
        used_after: Timestamp,
    ) -> Result<(bool, bool)> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let scope = Scope::System(System::SignIn);
                    let values = [device.into(), email_index.into(), used_after.into()];
                    let theirs = !connection.query_in(scope, &OF_ADDRESS, &values).await?.is_empty();
                    let values = [device.into(), used_after.into()];
                    let ours = !connection.query_in(scope, &IS_OURS, &values).await?.is_empty();
                    Ok((theirs, ours))
                })
            })
            .await
    }

    /// Forgets every browser of an operator.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_devices(&self, organisation: OrganisationId, operator: OperatorId) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), operator.into()];
                    connection.execute_any(&FORGET_ALL, &values).await.map(drop)
                })
            })
            .await
    }

    /// Forgets browsers in which nobody has signed in for so long; says how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_expired_devices(&self, now: Timestamp, life: Duration) -> Result<u64> {
        self.data
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&DELETE_EXPIRED, &[now.minus(life).into()]).await })
            })
            .await
    }
}
