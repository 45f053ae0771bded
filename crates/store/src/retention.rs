//! How long things are kept: the rules of an organisation, and what has ended and waits for its time. Which rule holds for a
//! conversation is decided by [`domain::retention`], for the sweep and for its preview alike; here stands who may be due.

use domain::audit::{Detail, Kind as Did};
use domain::retention::{For, Kept, Rule};
use domain::{ConversationId, OperatorId, OrganisationId, PublicId, Timestamp, TopicNumber, Topics, WidgetId};

use crate::audit::{Audited, Fact};
use crate::conversation::Class;
use crate::conversation::ended::said_at;
use crate::engine::{Row, Value, statements};
use crate::job::Kind;
use crate::{Error, Result, Scope, Store, System, job};

/// A rule, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetRule {
    /// The rule.
    pub rule: Rule,
    /// Who set it; the house's own has nobody.
    pub set_by: Option<OperatorId>,
    /// When.
    pub set_at: Timestamp,
}

/// A conversation whose last word has been said, as far as rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Which one.
    pub id: ConversationId,
    /// When the last message was written.
    pub said_at: Timestamp,
    /// Where it began.
    pub widget: WidgetId,
    /// What it is about.
    pub topics: Topics,
    /// Until when it must not be deleted.
    pub held_until: Option<Timestamp>,
}

statements! {
    RULES =
        "SELECT organisation_id, kind, widget_id, topic, days, set_by, set_at FROM retention_rule
        WHERE organisation_id = $1 ORDER BY kind, widget_id, topic";
    // Rules are set one after the other: each is recorded with what was there before it.
    LOCK = "SELECT h.organisation_id FROM organisation h WHERE h.organisation_id = $1 {for_update}";
    SET =
        "INSERT INTO retention_rule (organisation_id, kind, widget_id, topic, days, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organisation_id, kind, widget_id, topic) DO UPDATE SET days = excluded.days,
            set_by = excluded.set_by, set_at = excluded.set_at";
    TAKE_AWAY =
        "DELETE FROM retention_rule WHERE organisation_id = $1 AND kind = $2 AND widget_id = $3 AND topic = $4";
    // Those that are hidden are in somebody's hands already: they have no head.
    ENDED =
        "SELECT e.organisation_id, e.conversation_id, e.said_at, c.widget_id, h.topic_bits,
            (SELECT MAX(d.until) FROM hold d WHERE d.conversation_id = e.conversation_id AND d.until > $5)
        FROM ended e JOIN head h ON h.conversation_id = e.conversation_id AND h.state = 3
            JOIN conversation c ON c.conversation_id = e.conversation_id
        WHERE e.organisation_id = $1 AND e.widget_id = $7 AND e.topic_bits = $8
            AND (e.said_at, e.conversation_id) > ($2, $3) AND e.said_at <= $4
        ORDER BY e.said_at, e.conversation_id LIMIT $6";
    // What must not be deleted yet only gets out of sight.
    OLDEST =
        "SELECT e.organisation_id, e.said_at FROM ended e JOIN head h ON h.conversation_id = e.conversation_id AND h.state = 3
        WHERE e.organisation_id = $1 AND e.widget_id = $2 AND e.topic_bits = $3
            AND NOT EXISTS (SELECT 1 FROM hold d WHERE d.conversation_id = e.conversation_id AND d.until > $4)
        ORDER BY e.said_at LIMIT 1";
    SPOKEN =
        concat!("SELECT h.organisation_id, h.conversation_id, ", said_at!("h.last_message"), ", c.widget_id, h.topic_bits,
            (SELECT MAX(d.until) FROM hold d WHERE d.conversation_id = h.conversation_id AND d.until > $3)
        FROM head h JOIN conversation c ON c.conversation_id = h.conversation_id
        WHERE h.organisation_id = $1 AND h.conversation_id = $2");
    COUNT = "SELECT organisation_id, COUNT(*) FROM head WHERE organisation_id = $1 GROUP BY organisation_id";
    // Also where it was taken back: whatever was wrong may be wrong still.
    // Only where it was judged itself: what was held up because it came beside such a one holds nothing up.
    BRAKED =
        "SELECT organisation_id FROM erasure WHERE organisation_id = $1 AND cause = 'retention' AND braked = 1
            AND released_by IS NULL AND requested_at > $2 AND requested_at <= $3 LIMIT 1";
    // Asked of the log: a rule that was taken away again says nothing of whoever set it, and to take one away is to set another.
    HAS_SET =
        "SELECT organisation_id FROM audit_entry
        WHERE organisation_id = $1 AND kind = 'retention_changed' AND actor = $2 AND at > $3 LIMIT 1";
    CHANGED =
        "SELECT organisation_id FROM audit_entry
        WHERE organisation_id = $1 AND kind = 'retention_changed' AND at > $2 LIMIT 1";
    SWEPT =
        "SELECT organisation_id, CAST(SUM(conversations) AS BIGINT) FROM erasure
        WHERE organisation_id = $1 AND cause = 'retention' AND requested_at > $2 AND state <> 'undone'
        GROUP BY organisation_id";
    WHO_HAS_RULES = "SELECT DISTINCT organisation_id FROM retention_rule ORDER BY organisation_id";
    // A clock that was wrong and put right again would leave it sleeping.
    WAKE = "UPDATE job SET run_at = $1 WHERE kind = 'retain' AND run_at > $2";
}

/// As stored: the chat surface's number or 0, and the topic's number and one, or 0.
fn stored(of: For) -> (i64, i64) {
    match of {
        For::All => (0, 0),
        For::Widget(widget) => (widget.0, 0),
        For::Topic(topic) => (0, topic.number() + 1),
    }
}

fn rule(row: &Row) -> Result<SetRule> {
    let broken = || Error::Broken("a rule cannot be read".to_owned());
    let of = match (row.int(2)?, row.int(3)?) {
        (0, 0) => For::All,
        (widget, 0) => For::Widget(WidgetId(widget)),
        (0, topic) => For::Topic(TopicNumber::new(topic - 1).ok_or_else(broken)?),
        _ => return Err(broken()),
    };
    let kept = Kept::from_code(&row.text(1)?).ok_or_else(broken)?;
    Ok(SetRule {
        rule: Rule { kept, of, days: row.int(4)? },
        set_by: row.int_or_null(5)?.map(OperatorId),
        set_at: Timestamp(row.int(6)?),
    })
}

fn spoken(row: &Row) -> Result<Spoken> {
    Ok(Spoken {
        id: ConversationId(row.int(1)?),
        said_at: Timestamp(row.int(2)?),
        widget: WidgetId(row.int(3)?),
        topics: Topics::from_bits(row.int(4)?),
        held_until: row.int_or_null(5)?.map(Timestamp),
    })
}

/// Whether somebody has set a rule since a moment.
pub(crate) async fn has_set_rule(
    connection: &mut crate::engine::Connection,
    organisation: OrganisationId,
    by: OperatorId,
    since: Timestamp,
) -> Result<bool> {
    let values = [organisation.into(), by.into(), since.into()];
    Ok(!connection.query_in(organisation.into(), &HAS_SET, &values).await?.is_empty())
}

/// Takes the rule of a topic away that is no more: its number may become another's.
pub(crate) async fn forget_topic(
    connection: &mut crate::engine::Connection,
    organisation: OrganisationId,
    topic: TopicNumber,
) -> Result<()> {
    let (widget, topic) = stored(For::Topic(topic));
    for kept in Kept::ALL {
        let values = [organisation.into(), kept.code().into(), widget.into(), topic.into()];
        connection.execute_any(&TAKE_AWAY, &values).await?;
    }
    Ok(())
}

impl Store {
    /// Whether any rule of an organisation was set or taken away since a moment.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rules_changed_since(&self, organisation: OrganisationId, since: Timestamp) -> Result<bool> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), since.into()];
                    Ok(!connection.query_in(organisation.into(), &CHANGED, &values).await?.is_empty())
                })
            })
            .await
    }

    /// The rules of an organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn retention_rules(&self, organisation: OrganisationId) -> Result<Vec<SetRule>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &RULES, &[organisation.into()]).await?;
                    rows.iter().map(rule).collect()
                })
            })
            .await
    }

    /// Gives a new organisation a rule for everything; nobody has set it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn begin_retention(&self, organisation: OrganisationId, days: i64, at: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let (widget, topic) = stored(For::All);
                    let kept = Kept::Content.code();
                    let key = [organisation.into(), kept.into(), widget.into(), topic.into()];
                    let set = [days.into(), Value::Null, at.into()];
                    connection.execute(&SET, &[key.as_slice(), &set].concat(), 1).await?;
                    job::enqueue(connection, organisation, Kind::Retain, organisation.0, at, at).await
                })
            })
            .await
    }

    /// Up to `most` conversations of a class that have ended and are not hidden, whose last word was said no later than `until`,
    /// the longest ago first, behind one of the page before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ended(
        &self,
        organisation: OrganisationId,
        class: Class,
        after: Option<Spoken>,
        (until, now): (Timestamp, Timestamp),
        most: i64,
    ) -> Result<Vec<Spoken>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let (said_at, id) = after.map_or((i64::MIN, 0), |after| (after.said_at.0, after.id.0));
                    let values = [
                        organisation.into(),
                        said_at.into(),
                        id.into(),
                        until.into(),
                        now.into(),
                        most.into(),
                        class.widget.into(),
                        class.topics.bits().into(),
                    ];
                    let rows = connection.query_in(organisation.into(), &ENDED, &values).await?;
                    rows.iter().map(spoken).collect()
                })
            })
            .await
    }

    /// When the last word was said in the one of a class in which that is longest ago, of those that may be deleted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn oldest_ended(
        &self,
        organisation: OrganisationId,
        class: Class,
        now: Timestamp,
    ) -> Result<Option<Timestamp>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), class.widget.into(), class.topics.bits().into(), now.into()];
                    let rows = connection.query_in(organisation.into(), &OLDEST, &values).await?;
                    rows.first().map(|row| row.int(1).map(Timestamp)).transpose()
                })
            })
            .await
    }

    /// One conversation, ended or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn spoken(&self, organisation: OrganisationId, id: ConversationId, now: Timestamp) -> Result<Spoken> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), id.into(), now.into()];
                    let rows = connection.query_in(organisation.into(), &SPOKEN, &values).await?;
                    spoken(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// How many conversations an organisation has that are not hidden.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_conversations(&self, organisation: OrganisationId) -> Result<i64> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(organisation.into(), &COUNT, &[organisation.into()]).await?;
                    rows.first().map_or(Ok(0), |row| row.int(1))
                })
            })
            .await
    }

    /// Whether a sweep was held up since a moment, and nobody has let it go on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_sweep_braked(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), since.into(), now.into()];
                    Ok(!connection.query_in(organisation.into(), &BRAKED, &values).await?.is_empty())
                })
            })
            .await
    }

    /// How many conversations rules have had deleted since a moment.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn swept_since(&self, organisation: OrganisationId, since: Timestamp) -> Result<i64> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let values = [organisation.into(), since.into()];
                    let rows = connection.query_in(organisation.into(), &SWEPT, &values).await?;
                    rows.first().map_or(Ok(0), |row| row.int(1))
                })
            })
            .await
    }

    /// Sees to it that the sweep of every organisation with rules is in the queue, no later than `latest`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wake_retention(&self, now: Timestamp, latest: Timestamp) -> Result<()> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(Scope::System(System::Queue), &WHO_HAS_RULES, &[]).await?;
                    for row in rows {
                        let organisation = OrganisationId(row.int(0)?);
                        job::enqueue(connection, organisation, Kind::Retain, organisation.0, now, now).await?;
                    }
                    connection.execute_any(&WAKE, &[now.into(), latest.into()]).await.map(drop)
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// Sets how long something is kept, or (`None`) takes the rule away. `named` is what the log calls what it is for. The
    /// sweep looks at everything soon.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_retention(
        self,
        organisation: OrganisationId,
        (kept, of, days): (Kept, For, Option<i64>),
        named: Option<PublicId>,
    ) -> Result<()> {
        let by = self.by;
        self.write(move |connection| {
            Box::pin(async move {
                let scope = organisation.into();
                connection.query_in(scope, &LOCK, &[organisation.into()]).await?;
                let rows = connection.query_in(scope, &RULES, &[organisation.into()]).await?;
                let before = rows.iter().map(rule).collect::<Result<Vec<_>>>()?;
                let before = before.iter().find(|one| (one.rule.kept, one.rule.of) == (kept, of));
                let (widget, topic) = stored(of);
                let key = [organisation.into(), kept.code().into(), widget.into(), topic.into()];
                match days {
                    Some(days) => {
                        let set = [days.into(), by.actor.operator().map(|operator| operator.0).into(), by.at.into()];
                        connection.execute(&SET, &[key.as_slice(), &set].concat(), 1).await?;
                        job::reschedule(connection, organisation, Kind::Retain, organisation.0, by.at, by.at).await?;
                    }
                    None => connection.execute_any(&TAKE_AWAY, &key).await.map(drop)?,
                }
                let text = |days: i64| days.to_string();
                let changed = Detail::became("days", before.map(|before| text(before.rule.days)), days.map(text));
                let Some(changed) = changed else { return Ok(((), Vec::new())) };
                let what = match of {
                    For::All => None,
                    For::Widget(_) => Some("widget"),
                    For::Topic(_) => Some("topic"),
                };
                let what = what.zip(named).map(|(what, name)| Detail::is(what, name));
                let details = [Detail::is("kind", kept.code())].into_iter().chain(what).chain([changed]);
                Ok(((), vec![Fact::new(organisation, Did::RetentionChanged, details)]))
            })
        })
        .await
    }
}
