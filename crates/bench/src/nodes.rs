//! The same load at two nodes and at one, both over one PostgreSQL server.

use std::path::Path;

use anyhow::Result;
use testkit::Nats;

use crate::chat::{Chat, Span};
use crate::closed::{Throughput, closed_loop};
use crate::house::{Engine, House};
use crate::proof::prove;

/// Operators' sockets.
pub(crate) const OPERATORS: usize = 20;

/// Runs at one node and at two, in turn, so that what else the machine does hits both alike.
pub(crate) async fn nodes(
    program: &Path,
    engine: &Engine<'_>,
    runs: usize,
    span: Span,
) -> Result<Vec<[Throughput; 2]>> {
    let bus = Nats::start();
    let (single, mut double) = (House::found(program, engine)?, House::found(program, engine)?);
    double.join(&bus)?;
    let (one, two) = (vec![single.open()?.0], vec![double.open_node(0)?.0, double.open_node(1)?.0]);
    let mut alone = Chat::begin(&single, &one, OPERATORS)?;
    let mut together = Chat::begin(&double, &two, OPERATORS)?;
    let mut done = Vec::new();
    for _ in 0..runs {
        let at_one = closed_loop(&mut alone, &single, span).await?;
        done.push([at_one, closed_loop(&mut together, &double, span).await?]);
    }
    let written = [alone.end(), together.end()];
    prove(&single, one, &written[0])?;
    prove(&double, two, &written[1])?;
    Ok(done)
}
