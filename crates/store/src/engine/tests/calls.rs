//! A call that goes wrong takes itself back, and nothing else.

use super::{Both, found, names};
use crate::engine::{BoxFuture, Connection, Readers};
use crate::{Error, Result, schema};

#[tokio::test]
async fn a_call_that_fails_half_way_takes_only_itself_back() {
    for database in &Both::open(&schema::DATA).await.databases {
        fn poisoned(connection: &mut Connection) -> BoxFuture<'_, Result<()>> {
            Box::pin(async move {
                found(8, "half")(connection).await?;
                found(1, "twin of the first")(connection).await.map(drop)
            })
        }
        // Given at once from one task, so that they wait together.
        let (first, failed, third) =
            tokio::join!(database.write(found(1, "a")), database.write(poisoned), database.write(found(3, "c")));
        assert!(first.is_ok() && third.is_ok());
        assert!(matches!(failed, Err(Error::Conflict(_))), "{failed:?}");
        assert_eq!(names(database).await, ["a", "c"]);
    }
}

#[tokio::test]
async fn a_call_that_fails_before_all_others_takes_only_itself_back() {
    for database in &Both::open(&schema::DATA).await.databases {
        fn poisoned(connection: &mut Connection) -> BoxFuture<'_, Result<()>> {
            Box::pin(async move {
                found(1, "half")(connection).await?;
                found(1, "its twin")(connection).await.map(drop)
            })
        }
        // The first one runs without a savepoint: what it did is gone nevertheless, and what follows it is kept.
        let (failed, again, second, third) = tokio::join!(
            database.write(poisoned),
            database.write(poisoned),
            database.write(found(2, "b")),
            database.write(found(3, "c")),
        );
        assert!(matches!(failed, Err(Error::Conflict(_))) && matches!(again, Err(Error::Conflict(_))));
        assert!(second.is_ok() && third.is_ok());
        assert_eq!(names(database).await, ["b", "c"]);
    }
}

#[tokio::test]
async fn a_call_that_panics_takes_only_itself_back_and_ends_no_thread() {
    for database in &Both::open(&schema::DATA).await.databases {
        fn panics(connection: &mut Connection) -> BoxFuture<'_, Result<()>> {
            Box::pin(async move {
                found(8, "half")(connection).await?;
                panic!("in the middle of a transaction");
            })
        }
        // Given at once from one task, so that they wait together.
        let (first, failed, third) =
            tokio::join!(database.write(found(1, "a")), database.write(panics), database.write(found(3, "c")));
        assert!(first.is_ok() && third.is_ok(), "{first:?}, {third:?}");
        assert!(matches!(failed, Err(Error::Broken(_))), "{failed:?}");
        let told = database.write_then(found(4, "d"), |_| panic!("after the commit")).await;
        assert!(told.is_ok(), "{told:?}");
        assert!(database.write(found(5, "e")).await.is_ok());
        if !matches!(&database.inner.readers, Readers::Postgres(_)) {
            // PostgreSQL reads on the caller's own task, which may panic as it likes.
            for _ in 0..4 {
                let read = database.read::<(), _>(|_| Box::pin(async { panic!("in the middle of a read") })).await;
                assert!(matches!(read, Err(Error::Broken(_))), "{read:?}");
            }
        }
        for _ in 0..4 {
            assert_eq!(names(database).await, ["a", "c", "d", "e"]);
        }
    }
}
