//! Two nodes of one installation: what happens at one is heard at the other, whatever becomes of the bus between them.

mod bus_away;
mod drained;
mod forged;
mod talk;
mod there;

use testkit::{Nats, Proxy};

use crate::harness::{House, On, Plan, Tenant};

/// Two nodes, each with a line of its own to the bus. Dropped in this order: nodes before what they use.
struct Two {
    a: House,
    b: House,
    lines: [Proxy; 2],
    nats: Nats,
}

impl Two {
    fn new() -> Self {
        Self::of(1)
    }

    fn of(tenants: usize) -> Self {
        let nats = Nats::start();
        let lines = [(); 2].map(|()| Proxy::to(nats.address()));
        let [bus_of_a, bus_of_b] = lines.each_ref().map(|line| format!("nats://{}", line.address()));
        let first = House::closed(&Plan { tenants, ..Plan::on(On::Postgres) });
        let second = first.join();
        let often = ["--visitor-rate", "10000", "--visitor-burst", "10000", "--address-messages", "10000"];
        let (a, b) = (first.with(&often).with(&["--bus", &bus_of_a]), second.with(&often).with(&["--bus", &bus_of_b]));
        a.start();
        b.start();
        Self { a, b, lines, nats }
    }

    fn ours(&self) -> &Tenant {
        self.a.ours()
    }
}
