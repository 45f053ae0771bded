//! The places of backups and of the journal of deletions, as this installation names them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use places::{BoxFuture, Object, Place, Where, Write};

/// A place that says nothing for so long is away.
const WITHIN: Duration = Duration::from_secs(120);

/// A place with its name.
#[derive(Clone, Debug)]
pub struct Placed {
    /// As the configuration names it, such as `place_a`.
    pub name: String,
    /// By what it is known: what it is, and not what it is called. One that is called the same and lies elsewhere is another.
    pub id: String,
    /// Where it is.
    pub within: Where,
    place: Arc<dyn Place>,
}

/// All places, and what belongs to them.
#[derive(Clone, Debug)]
pub struct Places {
    /// The places.
    pub all: Vec<Placed>,
    /// Where backups are written before they are taken to the places.
    pub spool: PathBuf,
    /// How long a backup of the data is kept, apart from the last one.
    pub keep: Duration,
    /// When the data are backed up: so long after midnight, UTC.
    pub daily_at: Duration,
}

/// What a place did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its name.
    pub place: String,
    /// Why.
    pub error: places::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.error)
    }
}

type Done<T> = Result<T, Failed>;

impl Placed {
    /// Names a place.
    pub fn new(name: &str, within: Where, place: Arc<dyn Place>) -> Self {
        let digest = privacy::digest::sha256(place.identity().as_bytes());
        let id = HEXLOWER.encode(digest.first_chunk::<6>().unwrap_or(&[0; 6]));
        Self { name: name.to_owned(), id, within, place }
    }

    /// Whether it can be used, and is fit.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn check(&self) -> Done<()> {
        self.answer(self.place.check()).await
    }

    /// What kind of thing keeps it.
    pub fn medium(&self) -> String {
        self.place.medium()
    }

    pub(crate) async fn put(&self, name: &str, bytes: Vec<u8>, how: Write) -> Done<()> {
        self.answer(self.place.put(name, bytes.into(), how)).await
    }

    pub(crate) async fn get(&self, name: &str) -> Done<Option<Vec<u8>>> {
        self.answer(self.place.get(name)).await.map(|found| found.map(Into::into))
    }

    pub(crate) async fn list(&self, beginning: &str) -> Done<Vec<Object>> {
        self.answer(self.place.list(beginning)).await
    }

    pub(crate) async fn delete(&self, name: &str) -> Done<()> {
        self.answer(self.place.delete(name)).await
    }

    /// Writes an object in the place of another and reads it back.
    pub(crate) async fn replace(&self, name: &str, bytes: &[u8]) -> Done<()> {
        self.put(name, bytes.to_vec(), Write::Replace).await?;
        match self.get(name).await? {
            Some(found) if found == bytes => Ok(()),
            _ => Err(self.failed(places::Error::Unfit(format!("{name} is not there as it was written")))),
        }
    }

    pub(crate) fn failed(&self, error: places::Error) -> Failed {
        Failed { place: self.name.clone(), error }
    }

    async fn answer<T>(&self, asked: BoxFuture<'_, places::Result<T>>) -> Done<T> {
        let answer = tokio::time::timeout(WITHIN, asked).await;
        let silent = || places::Error::Away(format!("no answer within {} s", WITHIN.as_secs()));
        answer.unwrap_or_else(|_| Err(silent())).map_err(|error| self.failed(error))
    }
}
