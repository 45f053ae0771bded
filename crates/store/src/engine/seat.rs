//! Where the connections to a SQLite file are, so that all of them can be closed at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Connection, sqlite};

type Place = Mutex<Option<Connection>>;

/// A thread's connection; empty where it is to be opened anew.
pub(super) struct Seat {
    place: Arc<Place>,
    all: Seats,
}

/// All seats of a database whose threads still run.
#[derive(Clone, Default)]
pub(super) struct Seats(Arc<Mutex<Vec<Weak<Place>>>>, Arc<Mutex<usize>>);

/// Says that somebody stands in an old state: nobody may wait for all readers to have left it.
pub(super) struct Stay(Seats);

impl Drop for Stay {
    fn drop(&mut self) {
        *locked(&self.0.1) -= 1;
    }
}

impl Seat {
    /// Keeps it for a job. Nobody waits for it but a checkpointer that wants to close everything.
    pub(super) fn occupy(&self) -> MutexGuard<'_, Option<Connection>> {
        locked(&self.place)
    }
}

/// Two connections that close at once each take the other for one that stays, and the log is left behind.
impl Drop for Seat {
    fn drop(&mut self) {
        let _one_by_one = locked(&self.all.0);
        drop(self.occupy().take());
    }
}

impl Seats {
    /// A seat with a connection on it.
    pub(super) fn take(&self, connection: sqlite::Connection) -> Seat {
        let seat = Arc::new(Mutex::new(Some(Connection::Sqlite(connection))));
        locked(&self.0).push(Arc::downgrade(&seat));
        Seat { place: seat, all: self.clone() }
    }

    /// Lets somebody stay in one state for long.
    pub(super) fn stay(&self) -> Stay {
        *locked(&self.1) += 1;
        Stay(self.clone())
    }

    /// Does `work`, which waits for all readers, unless one of them stays for long; nobody begins to meanwhile.
    pub(super) fn unless_somebody_stays<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let staying = locked(&self.1);
        (*staying == 0).then(work)
    }

    /// Closes a connection that has no seat.
    pub(super) fn close(&self, connection: sqlite::Connection) {
        let _one_by_one = locked(&self.0);
        drop(connection);
    }

    /// Closes all connections, `own` too, at a moment when none of them works, and leaves the log as it is. With the last one
    /// SQLite's index of the log goes, and what it believes to have copied; unless another process has the file open.
    pub(super) fn clear(&self, own: Option<sqlite::Connection>) {
        let seats: Vec<_> = locked(&self.0).iter().filter_map(Weak::upgrade).collect();
        let mut occupied: Vec<_> = seats.iter().map(|seat| locked(seat)).collect();
        let seated = occupied.iter_mut().filter_map(|seat| seat.take());
        for connection in seated.chain(own.map(Connection::Sqlite)) {
            if let Connection::Sqlite(connection) = connection {
                connection.leave_log();
            }
        }
    }
}

/// A panic while it was held leaves nothing half done in it: a connection that was taken out is gone.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
