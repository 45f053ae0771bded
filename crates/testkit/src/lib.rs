//! What tests need, each in its own file:
//!
//! - [`postgres()`], [`Postgres`], [`Database`]: a real PostgreSQL that is started when first asked for and is gone,
//!   folder and all, once the test process has ended, however it ended;
//! - [`Nats`]: the same for a NATS server, which can be killed, revived and held up;
//! - [`ObjectStore`]: a real store that speaks S3;
//! - [`Proxy`]: a bad line between two programs: cut, silent, slow or narrow;
//! - [`HttpProxy`]: HTTP proxies that break streams and sockets, also as the program `hostile-proxy`;
//! - [`Balancer`]: one address before several nodes;
//! - [`Authenticator`]: a security key in software, which lies when it is told to;
//! - [`PostgresProxy`]: breaks a connection to PostgreSQL exactly around a COMMIT;
//! - [`Canary`] and [`search()`]: text that can be recognised, and a search for it in every form it may have been
//!   written in;
//! - [`free_port`], [`connect`], [`connect_from`], [`try_connect`]: the loopback, and nothing but the loopback;
//! - [`wait_until`], [`eventually`]: patience with an end.
//!
//! Nothing here skips: what is missing is a panic that says how to mend it.

mod authenticator;
mod balancer;
mod canary;
mod carve;
mod database;
mod gate;
mod http_proxy;
mod loopback;
mod nats;
mod object_store;
mod patience;
mod postgres;
mod postgres_proxy;
mod proxy;
mod random;
mod search;
mod supervisor;

pub use authenticator::{Authenticator, Registration, Signed};
pub use balancer::Balancer;
pub use canary::Canary;
pub use carve::{random_looking, written_in_digits};
pub use database::Database;
pub use http_proxy::{Hostility, HttpProxy};
pub use loopback::{connect, connect_from, free_port, lasting_port, try_connect};
pub use nats::Nats;
pub use object_store::ObjectStore;
pub use patience::{eventually, wait_until};
pub use postgres::{Postgres, postgres};
pub use postgres_proxy::{Break, PostgresProxy};
pub use proxy::{Direction, Proxy};
pub use search::{Encoding, Hit, search};
