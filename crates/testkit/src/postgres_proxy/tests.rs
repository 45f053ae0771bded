use std::time::{Duration, Instant};

use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};

use super::{Break, PostgresProxy, place};
use crate::{Database, postgres};

const SOON: Duration = Duration::from_secs(10);

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A table, a proxy before it, a client through the proxy and one around it.
async fn scene() -> (Database, PostgresProxy, Client, Client) {
    let database = postgres().database();
    database.run("CREATE TABLE t (a text)");
    let proxy = PostgresProxy::before(&database.url);
    let (through, around) = (connect(proxy.url()).await.unwrap(), connect(&database.url).await.unwrap());
    (database, proxy, through, around)
}

/// Inserts within a transaction, in pieces as the store does.
async fn insert(through: &Client, text: &str) -> Result<(), Error> {
    through.batch_execute("BEGIN").await?;
    through.execute("INSERT INTO t VALUES ($1)", &[&text]).await?;
    through.batch_execute("COMMIT").await
}

async fn there(around: &Client, text: &str) -> bool {
    around.query_one("SELECT COUNT(*) FROM t WHERE a = $1", &[&text]).await.unwrap().get::<_, i64>(0) == 1
}

#[test]
fn finds_the_place_in_every_form_of_address() {
    for (url, before, after, target) in [
        ("postgres://me:se@cret@127.0.0.1:40/x?a=b/c", "postgres://me:se@cret@", "/x?a=b/c", "127.0.0.1:40"),
        ("postgres://localhost", "postgres://", "", "127.0.0.1:5432"),
        ("postgresql://me@localhost:77?a=b", "postgresql://me@", "?a=b", "127.0.0.1:77"),
        ("postgres://me@[::1]:77/x", "postgres://me@", "/x", "[::1]:77"),
    ] {
        let (start, end, found) = place(url);
        assert_eq!((&url[..start], &url[end..], found.to_string().as_str()), (before, after, target));
    }
}

#[tokio::test]
async fn without_an_order_everything_goes_through_and_writing_commits_are_counted() {
    let (_database, proxy, through, around) = scene().await;
    insert(&through, "one").await.unwrap();
    through.batch_execute("BEGIN READ ONLY; SELECT 1; COMMIT").await.unwrap();
    through.batch_execute("BEGIN; ROLLBACK").await.unwrap();
    assert_eq!((proxy.commits(), proxy.broken()), (1, 0));
    through.batch_execute("BEGIN; INSERT INTO t VALUES ('two'); COMMIT").await.unwrap();
    through.batch_execute("BEGIN").await.unwrap();
    through.execute("COMMIT", &[]).await.unwrap();
    assert_eq!(proxy.commits(), 3);
    assert!(there(&around, "one").await && there(&around, "two").await);
}

#[tokio::test]
async fn before_the_commit_nothing_is_stored() {
    let (_database, proxy, through, around) = scene().await;
    proxy.break_at(Break::BeforeCommit, 2);
    insert(&through, "one").await.unwrap();
    assert!(insert(&through, "two").await.unwrap_err().is_closed());
    assert!(there(&around, "one").await && !there(&around, "two").await);
    assert_eq!((proxy.commits(), proxy.broken()), (2, 1));
    insert(&connect(proxy.url()).await.unwrap(), "three").await.unwrap();
}

#[tokio::test]
async fn after_the_commit_it_is_stored_and_nobody_says_so() {
    let (_database, proxy, through, around) = scene().await;
    proxy.break_at(Break::AfterCommit, 1);
    assert!(insert(&through, "one").await.unwrap_err().is_closed());
    assert!(there(&around, "one").await);
    // Also where the word comes as a prepared statement.
    let through = connect(proxy.url()).await.unwrap();
    proxy.break_at(Break::AfterCommit, 1);
    through.batch_execute("BEGIN; INSERT INTO t VALUES ('two')").await.unwrap();
    assert!(through.execute("COMMIT", &[]).await.unwrap_err().is_closed());
    assert!(there(&around, "two").await);
    assert_eq!(proxy.broken(), 2);
}

#[tokio::test]
async fn silent_after_the_commit_it_is_stored_and_nothing_is_said_until_the_proxy_is_mended() {
    let (_database, proxy, through, around) = scene().await;
    proxy.break_at(Break::SilentAfterCommit, 1);
    let silent = insert(&through, "one");
    tokio::pin!(silent);
    timeout(Duration::from_millis(400), &mut silent).await.expect_err("neither an answer nor an end");
    assert!(there(&around, "one").await);
    assert_eq!(proxy.broken(), 1);
    proxy.mend();
    assert!(timeout(SOON, silent).await.unwrap().unwrap_err().is_closed());
}

#[tokio::test]
async fn only_the_transactions_that_are_meant_break() {
    let (database, proxy, through, around) = scene().await;
    database.run("CREATE TABLE other (a text)");
    proxy.break_at_touching(Break::AfterCommit, 2, "INTO other");
    for text in ["one", "two", "three"] {
        insert(&through, text).await.unwrap();
    }
    // Prepared once, as the store does: the text comes only the first time.
    let prepared = through.prepare("INSERT INTO other VALUES ($1)").await.unwrap();
    for _ in 0..2 {
        through.batch_execute("BEGIN").await.unwrap();
        through.execute(&prepared, &[&"a"]).await.unwrap();
        let end = through.batch_execute("COMMIT").await;
        assert_eq!(end.is_err(), proxy.broken() == 1);
    }
    assert_eq!((proxy.commits(), proxy.broken()), (5, 1));
    assert!(there(&around, "three").await);
}

#[tokio::test]
async fn commits_are_delayed_and_nothing_else() {
    let (_database, proxy, through, _around) = scene().await;
    proxy.delay_commits(Duration::from_millis(300));
    let start = Instant::now();
    through.batch_execute("SELECT 1").await.unwrap();
    through.batch_execute("BEGIN READ ONLY; SELECT 1; COMMIT").await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
    insert(&through, "late").await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_full_one_takes_no_more_and_keeps_whom_it_has() {
    let (_database, proxy, through, _around) = scene().await;
    proxy.fill_up();
    let error = connect(proxy.url()).await.map(drop).expect_err("it is full");
    assert_eq!(error.code(), Some(&SqlState::TOO_MANY_CONNECTIONS));
    insert(&through, "one").await.unwrap();
    proxy.cut();
    insert(&through, "two").await.unwrap_err();
    assert!(connect(proxy.url()).await.map(drop).expect_err("nobody there").code().is_none());
    proxy.mend();
    connect(proxy.url()).await.unwrap();
}

#[tokio::test]
async fn a_real_one_is_full_as_well() {
    let narrow = crate::Postgres::narrow(4);
    let database = narrow.database();
    let mut others = Vec::new();
    let error = loop {
        match connect(&database.url).await {
            Ok(client) => others.push(client),
            Err(error) => break error,
        }
        assert!(others.len() < 10, "it takes them all");
    };
    assert_eq!(error.code(), Some(&SqlState::TOO_MANY_CONNECTIONS));
    others.clear();
}
