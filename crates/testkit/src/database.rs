//! A database for one test.

use std::thread;

use tokio_postgres::{Client, NoTls};

use crate::random;

/// A database of its own for one test, empty at first, dropped together with this handle.
#[derive(Debug)]
pub struct Database {
    /// Its address, with everything a client needs: `postgres://postgres@127.0.0.1:40123/test_…`.
    pub url: String,
    name: String,
    server: String,
}

impl Database {
    pub(crate) fn create(server: &str) -> Self {
        let name = format!("test_{}", random::word());
        let server = at(server, "postgres");
        run(&server, &format!("CREATE DATABASE {name}"))
            .unwrap_or_else(|error| panic!("no database for a test: {error}"));
        Self { url: at(&server, &name), name, server }
    }

    /// Runs statements, such as those of somebody who tampers with the rows or locks them.
    ///
    /// # Panics
    /// Where one of them fails.
    pub fn run(&self, statements: &str) {
        run(&self.url, statements).unwrap_or_else(|error| panic!("a statement failed: {error}"));
    }

    /// Asks for a number.
    ///
    /// # Panics
    /// Where the answer is none.
    #[must_use]
    pub fn number(&self, question: &str) -> i64 {
        on(&self.url, async |client| client.query_one(question, &[]).await?.try_get::<_, i64>(0))
            .unwrap_or_else(|error| panic!("{question}: {error}"))
    }

    /// Bytes of its files.
    ///
    /// # Panics
    /// Where the server does not say.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.number("SELECT pg_database_size(current_database())").unsigned_abs()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may have been killed by the test; then there is nothing to tidy up.
        let _ = run(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// The address with another database in it.
fn at(url: &str, database: &str) -> String {
    let (place, options) = url.split_once('?').map_or((url, String::new()), |(url, rest)| (url, format!("?{rest}")));
    let start = place.find("://").map_or(0, |at| at + 3);
    let end = place[start..].find('/').map_or(place.len(), |at| start + at);
    format!("{}/{database}{options}", &place[..end])
}

/// Runs statements with no answer, from inside or outside an asynchronous runtime.
pub(crate) fn run(url: &str, statements: &str) -> Result<(), tokio_postgres::Error> {
    on(url, async |client| client.batch_execute(statements).await)
}

/// Asks on a connection of its own, from inside or outside an asynchronous runtime.
fn on<T: Send>(
    url: &str,
    ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error> + Send,
) -> Result<T, tokio_postgres::Error> {
    let work = async move || {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let answer = ask(&client).await?;
        drop(client);
        // It has ended well or badly; the statements have been answered.
        let _ = connection.await;
        Ok(answer)
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(work())
        });
        thread.join().expect("the thread comes back")
    })
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn puts_the_database_into_every_form_of_address() {
        for (url, expected) in [
            ("postgres://postgres@127.0.0.1:5432", "postgres://postgres@127.0.0.1:5432/x"),
            ("postgres://me:secret@[::1]/", "postgres://me:secret@[::1]/x"),
            ("postgresql://me@host/other?sslmode=require", "postgresql://me@host/x?sslmode=require"),
            ("postgres://me@host?application_name=a/b", "postgres://me@host/x?application_name=a/b"),
        ] {
            assert_eq!(at(url, "x"), expected);
        }
    }
}
