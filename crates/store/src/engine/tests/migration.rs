//! What a migration makes of the rows that were there.

use domain::PublicId;

use super::{Both, found};
use crate::engine::{BoxFuture, Connection, Database, NoBatch, Schema, Settings, Statement, Value};
use crate::{Result, schema};

#[tokio::test]
async fn heads_are_taken_over_from_the_conversations_that_were_there() {
    static BEFORE: Statement = Statement::new(
        "BEFORE",
        "INSERT INTO conversation (organisation_id, public_id, widget_id, token_hash, key_id, language, state, assignee,
            last_sequence, last_visible, last_message, unread, waiting_since, visitor_seen, team_seen, team_seen_visible,
            started_at, last_at, position, assigned_from)
        SELECT 1, $1, 1, $1, 77, 'en', 1, NULL, 9, 8, 7, 3, 41, 5, 6, 4, 40, 50, 12, NULL",
        &[],
    );
    static WIDGET: Statement = Statement::new(
        "WIDGET",
        "INSERT INTO widget (organisation_id, public_id, name, greeting, colour, language, sites, created_at)
        VALUES ($1, $2, '', '', '', 'en', '', 0)",
        &[],
    );
    static AFTER: Statement = Statement::new(
        "AFTER",
        "SELECT h.conversation_id, h.organisation_id, h.state, h.assignee, h.assigned_from, h.last_sequence,
            h.last_visible, h.last_message, h.unread, h.waiting_since, h.visitor_seen, h.team_seen, h.team_seen_visible,
            h.last_at, h.position, c.key_id, c.started_at
        FROM head h JOIN conversation c ON c.conversation_id = h.conversation_id",
        &[],
    );
    fn insert(connection: &mut Connection) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let name = || Value::from(PublicId::from_bytes([7; 16]));
            connection.execute(&WIDGET, &[1_i64.into(), name()], 1).await?;
            connection.execute(&BEFORE, &[name()], 1).await
        })
    }
    let earlier: &'static Schema =
        Box::leak(Box::new(Schema { name: "data", migrations: &schema::DATA.migrations[..2] }));
    let both = Both::open(earlier).await;
    for (database, location) in both.databases.iter().zip(both.locations()) {
        database.write(found(1, "ours")).await.unwrap();
        database.write(insert).await.unwrap();
        let settings = Settings { queue: 8, readers: 1, ..Settings::default() };
        let now: Database<NoBatch> = Database::open(&location, settings, &schema::DATA).await.unwrap();
        let rows = now.read(|connection| Box::pin(async move { connection.query(&AFTER, &[]).await })).await.unwrap();
        let int = Value::Int;
        assert_eq!(rows.len(), 1);
        let expected = [int(1), int(1), int(1), Value::Null, Value::Null]
            .into_iter()
            .chain([9, 8, 7, 3, 41, 5, 6, 4, 50, 12, 77, 40].map(int));
        assert_eq!(rows[0].0, expected.collect::<Vec<_>>());
    }
}
