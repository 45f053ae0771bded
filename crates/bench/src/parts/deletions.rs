//! Deletions, and the backups that must forget with them.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::{KEPT, MIB, block_on, ms};
use crate::chat::Span;
use crate::house::Engine;
use crate::machine::quantile;
use crate::paced::Delivery;
use crate::report::{Goal, Report};
use crate::{Wanted, backed_up, filled, gone};

/// Whoever wishes something gone that nobody holds up is heard within this; no place has to be waited for here.
const ERASED_WITHIN: f64 = 60_000.0;

pub(super) fn erase(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let span = Span { warm_up: Duration::from_secs(1), length: wanted.length };
    for engine in engines {
        let what = format!("{}, a conversation is deleted, asked for to destroyed", engine.name());
        println!("{what} …");
        let mut erased = block_on(gone::erase(program, engine, span))?;
        report.add(format!("{what}: p50"), "ms", Goal::None, vec![ms(quantile(&mut erased.took, 0.5))]);
        let slow = ms(quantile(&mut erased.took, 0.99));
        report.add(format!("{what}: p99"), "ms", Goal::AtMost(ERASED_WITHIN), vec![slow]);
        beside(report, [("before it", erased.quiet), ("beside it", erased.beside)]);
    }
    Ok(())
}

pub(super) fn sweep(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    let span = Span { warm_up: Duration::from_secs(1), length: wanted.length.mul_f64(0.5) };
    for engine in engines {
        let what = format!("{}, a sweep deletes {} conversations", engine.name(), wanted.conversations);
        println!("{what} …");
        let swept = block_on(gone::sweep(program, engine, wanted.conversations, span))?;
        report.add(what, "s", Goal::None, vec![swept.took.as_secs_f64()]);
        beside(report, [("before it", swept.quiet), ("beside it, the worst", swept.beside)]);
    }
    Ok(())
}

pub(super) fn backup(wanted: &Wanted, program: &Path, engines: &[Engine<'_>], report: &mut Report) -> Result<()> {
    for engine in engines {
        let what = format!("{}, {} conversations to a folder and back", engine.name(), wanted.conversations);
        println!("{what} …");
        let done = block_on(backed_up::backed_up(program, engine, wanted.conversations))?;
        let speed = |took: Duration| vec![done.bytes as f64 / MIB / took.as_secs_f64()];
        report.add(format!("{what}: backed up"), "MiB/s", Goal::None, speed(done.backup));
        report.add(
            format!("– restored, {:.0} MiB of databases", done.bytes as f64 / MIB),
            "MiB/s",
            Goal::None,
            speed(done.restore),
        );
    }
    Ok(())
}

/// What people feel of something.
pub(super) fn beside(report: &mut Report, when: [(&str, Delivery); 2]) {
    for (when, delivery) in when {
        let what = format!("– 1,000 messages a second {when}, written to received");
        if delivery.written < f64::from(filled::RATE) * KEPT {
            report.fail(what, format!("the generator wrote {:.0} a second", delivery.written));
            continue;
        }
        report.add(format!("{what}: p50"), "ms", Goal::None, vec![ms(delivery.median)]);
        report.add(format!("{what}: p99"), "ms", Goal::None, vec![ms(delivery.slow)]);
    }
}
