//! The contract of the store: every promise, tried on SQLite and on PostgreSQL. A missing PostgreSQL is a failure, never a
//! skip. What needs to see inside (the registry of statements, the laws of the engine) stands in `src/engine/tests/`.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

/// Makes two tests of each function: one on each database. A function that is forgotten here is dead code, and so noticed.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::fixture::Fixture::sqlite().await).await;
                }
            )*
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::fixture::Fixture::postgres().await).await;
                }
            )*
        }
    };
}

mod alter;
mod apart;
mod append;
mod audit;
mod audit_tampered;
mod backup;
mod batch;
mod beside;
mod brake;
mod change;
mod closing;
mod conversation;
mod cut;
mod disk;
mod durability;
mod epoch;
mod erasure;
mod filed;
mod fixture;
mod group;
mod guest;
mod handover;
mod hold;
mod job;
mod journal;
mod key;
mod mention;
mod message;
mod nodes;
mod organisation;
mod passage;
mod passkey;
mod portions;
mod quiet;
mod retention;
mod schema;
mod session;
mod sign_in;
mod sign_in_link;
mod snippet;
mod snooze;
mod tally;
mod team;
mod topic;
