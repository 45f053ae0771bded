//! Nodes, for the hand-over of epoch keys: each publishes the public half of a key that is in its memory alone, and finds what
//! others sealed to it.

use domain::Timestamp;

use crate::engine::statements;
use crate::{KeyStore, Result};

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its number.
    pub node: i64,
    /// The public half of its transport key.
    pub transport_public: Vec<u8>,
    /// Shows that a node of this installation said so.
    pub tag: Vec<u8>,
    /// The newest epoch that it holds.
    pub epoch: i64,
    /// What was sealed to it.
    pub sealed: Option<Vec<u8>>,
    /// When it last said that it runs.
    pub seen_at: Timestamp,
}

statements! {
    // Whatever was sealed to the key before opens no more.
    PUBLISH =
        "INSERT INTO node (node, transport_public, tag, epoch, seen_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (node) DO UPDATE SET transport_public = excluded.transport_public, tag = excluded.tag,
            epoch = excluded.epoch, sealed = NULL, seen_at = excluded.seen_at";
    SEEN = "UPDATE node SET seen_at = $3 WHERE node = $1 AND transport_public = $2";
    NODES = "SELECT node, transport_public, tag, epoch, sealed, seen_at FROM node ORDER BY node";
    SEAL = "UPDATE node SET sealed = $3 WHERE node = $1 AND transport_public = $2 AND sealed IS NULL";
    FORGET = "DELETE FROM node WHERE seen_at < $1";
    LEAVE = "DELETE FROM node WHERE node = $1";
}

impl KeyStore {
    /// Publishes a node's new transport key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn publish_node(&self, node: Node) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    let values = [
                        node.node.into(),
                        node.transport_public.into(),
                        node.tag.into(),
                        node.epoch.into(),
                        node.seen_at.into(),
                    ];
                    connection.execute(&PUBLISH, &values, 1).await
                })
            })
            .await
    }

    /// Notes that a node runs; forgets those that have not for long. Says whether the row is still its own.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn node_runs(
        &self,
        node: i64,
        public: Vec<u8>,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<bool> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&FORGET, &[forget_before.into()]).await?;
                    Ok(connection.execute_any(&SEEN, &[node.into(), public.into(), now.into()]).await? == 1)
                })
            })
            .await
    }

    /// Takes a node out that does not come back.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn node_leaves(&self, node: i64) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move { connection.execute_any(&LEAVE, &[node.into()]).await.map(drop) })
            })
            .await
    }

    /// All that are known.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn nodes(&self) -> Result<Vec<Node>> {
        self.keys
            .read(|connection| {
                Box::pin(async move {
                    let rows = connection.query(&NODES, &[]).await?;
                    rows.iter()
                        .map(|row| {
                            Ok(Node {
                                node: row.int(0)?,
                                transport_public: row.bytes(1)?,
                                tag: row.bytes(2)?,
                                epoch: row.int(3)?,
                                sealed: row.bytes_or_null(4)?,
                                seen_at: Timestamp(row.int(5)?),
                            })
                        })
                        .collect()
                })
            })
            .await
    }

    /// Leaves something for a node, sealed to this transport key of its.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn leave_for_node(&self, node: i64, public: Vec<u8>, sealed: Vec<u8>) -> Result<()> {
        self.keys
            .write(move |connection| {
                Box::pin(async move {
                    connection.execute_any(&SEAL, &[node.into(), public.into(), sealed.into()]).await.map(drop)
                })
            })
            .await
    }
}
