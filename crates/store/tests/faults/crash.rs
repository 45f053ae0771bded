//! A crash before any write or sync, with torn sectors: whatever was acknowledged is there when the program is started again.

use diskret_store::{Settings, Store};
use faults::{Fault, Files, Operation, Rule, Setup, When};

use crate::fixture::{Fixture, Place, somebody};
use crate::workload::{Run, Then};

const fn crash_before(nth: u64) -> Rule {
    Rule { operation: Operation::Change, files: Files::All, when: When::Once(nth), fault: Fault::Crash }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_moment_loses_nothing_acknowledged() {
    for seed in [0, 1000] {
        let mut crashes = 0;
        for nth in 1.. {
            let (struck, _) = Run::new(seed + nth, Then::Crash).await.under(crash_before(nth)).await;
            if struck == 0 {
                break;
            }
            crashes += 1;
        }
        assert!(crashes >= 40, "{crashes}");
    }
}

/// The first start makes the schema: whatever is left of it, the second one goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_during_the_first_start_leaves_what_the_next_one_can_use() {
    faults::install();
    let mut crashes = 0;
    for nth in 1.. {
        let place = Place::files();
        let Place::Files(folder) = &place else { panic!("files") };
        let disk = faults::disk(folder.path()).unwrap();
        disk.set(&Setup { seed: nth, flush: false, rules: vec![crash_before(nth)], ..Setup::default() });
        let location = place.data_location();
        let began = Store::open(&location, Settings::default()).await.is_ok();
        let done = disk.struck() == 0;
        assert_eq!(began, done, "at {nth}");
        disk.crash().unwrap();
        disk.restart();
        let at = Fixture::at(place).await;
        at.chat().await;
        at.store.audited(somebody()).install([1; 32], [9; 32], vec![]).await.unwrap();
        assert_eq!(at.place.data().await.rows("PRAGMA integrity_check").await, [["ok"]]);
        if done {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 20, "{crashes}");
}
