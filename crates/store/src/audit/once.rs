//! What is recorded once an hour however often it is done: looking at something, and failing to sign in.

use domain::audit::{Detail, Kind, ONCE_IN};
use domain::{OperatorId, OrganisationId, Timestamp};

use super::{Audited, Fact};
use crate::engine::statements;
use crate::{Error, Result, Scope, System};

/// What is done again and again.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// Whose log.
    pub organisation: OrganisationId,
    /// Who does it, or to whose account.
    pub operator: OperatorId,
    /// What.
    pub kind: Kind,
    /// To what, by number; 0 where it is to no one thing.
    pub subject: i64,
    /// The operator whom it is about.
    pub about: Option<OperatorId>,
    /// What its entry says.
    pub details: Vec<Detail>,
}

statements! {
    AGAIN =
        "INSERT INTO audit_once (organisation_id, operator_id, kind, subject, hour, count) VALUES ($1, $2, $3, $4, $5, 1)
        ON CONFLICT (organisation_id, operator_id, kind, subject, hour) DO UPDATE SET count = audit_once.count + 1
        RETURNING count";
    SETTLE = "DELETE FROM audit_once WHERE hour < $1 RETURNING organisation_id, operator_id, kind, count";
}

fn hour(at: Timestamp) -> i64 {
    at.0 / ONCE_IN.as_micros() as i64
}

impl Audited<'_> {
    /// Records it where it is the first time in this hour, and counts it in any case; says whether it was.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn once(self, occasion: Occasion) -> Result<bool> {
        let at = self.by.at;
        self.write(move |connection| {
            Box::pin(async move {
                let values = [
                    occasion.organisation.into(),
                    occasion.operator.into(),
                    occasion.kind.code().into(),
                    occasion.subject.into(),
                    hour(at).into(),
                ];
                let rows = connection.query(&AGAIN, &values).await?;
                let count = rows.first().ok_or_else(|| Error::Broken("nothing was counted".to_owned()))?.int(0)?;
                let fact = Fact::new(occasion.organisation, occasion.kind, occasion.details).about(occasion.about);
                Ok((count == 1, if count == 1 { vec![fact] } else { Vec::new() }))
            })
        })
        .await
    }

    /// Forgets the counts of hours that are over. Of sign-ins that failed more than once it records how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settle(self) -> Result<()> {
        let at = self.by.at;
        self.write(move |connection| {
            Box::pin(async move {
                let scope = Scope::System(System::Care);
                let rows = connection.query_in(scope, &SETTLE, &[hour(at).into()]).await?;
                let mut facts = Vec::new();
                for row in rows {
                    let further = row.int(3)? - 1;
                    if let Some(kind) = Kind::from_code(&row.text(2)?).filter(|kind| kind.is_counted())
                        && further > 0
                    {
                        let fact = Fact::new(OrganisationId(row.int(0)?), kind, [Detail::is("further", further)]);
                        facts.push(fact.about(OperatorId(row.int(1)?)));
                    }
                }
                Ok(((), facts))
            })
        })
        .await
    }
}
