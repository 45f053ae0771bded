//! What the tests of the whole server share: a house with the real program in it, and clients that know only what the
//! protocol's page says.

mod founding;
mod frames;
mod house;
mod http;
mod server;
mod socket;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use founding::{PASSWORD, Person, Tenant};
pub(crate) use frames::Frames;
pub(crate) use house::{House, On, Plan};
pub(crate) use http::{Answer, Ask, Caller};
pub(crate) use server::Server;
pub(crate) use socket::{Heard, PATIENCE, Socket, Visitor, hello_operator, hello_visitor};

/// Makes two tests of a function that takes [`On`]: one for each database.
macro_rules! on_both {
    ($($name:ident)+) => {$(
        mod $name {
            #[test]
            fn on_sqlite() {
                crate::harness::run(super::$name(crate::harness::On::Sqlite));
            }

            #[test]
            fn on_postgres() {
                crate::harness::run(super::$name(crate::harness::On::Postgres));
            }
        }
    )+};
}
pub(crate) use on_both;

/// Runs a test that must end.
pub(crate) fn run(test: impl Future<Output = ()>) {
    run_within(Duration::from_secs(150), test);
}

/// Runs something that must end within this time.
pub(crate) fn run_within<T>(time: Duration, test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let limited = async { tokio::time::timeout(time, test).await };
    runtime.block_on(limited).expect("the test ends in time")
}

/// Something random that costs nothing: names of page loads, ports, seeds.
pub(crate) fn random() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A fresh name of a page load.
pub(crate) fn sender() -> String {
    format!("{:016x}", random())
}
