//! Whatever write or sync fails, once or for long (SR2): nothing acknowledged is lost, nothing is doubled, nothing is damaged, a
//! failure is told as one, and the store goes on by itself once the disk is well.

use faults::{Fault, Files, Operation, Rule, When};

use crate::workload::{Run, Then};

/// One run for each n, until the workload has no nth operation any more; at the rule `strikes` makes of n. Says how many struck.
async fn sweep(operation: Operation, fault: Fault, then: Then) -> u64 {
    let (mut faults, mut troubled) = (0, 0);
    for nth in 1.. {
        let when = if then == Then::Again { When::Once(nth) } else { When::From(nth) };
        let run = Run::new(nth, then).await;
        let (struck, troubles) = run.under(Rule { operation, files: Files::All, when, fault }).await;
        if struck == 0 {
            break;
        }
        faults += 1;
        troubled += u64::from(troubles > 0);
    }
    assert!(troubled * 10 > faults * 9, "{troubled} of {faults} were told: the others strike nothing");
    faults
}

macro_rules! sweeps {
    ($($name:ident: $operation:ident $fault:ident $then:ident, $least:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let faults = sweep(Operation::$operation, Fault::$fault, Then::$then).await;
            assert!(faults >= $least, "{faults}");
        }
    )*};
}

sweeps! {
    a_write_that_fails_once_is_told_and_asked_again: Write Io Again, 30;
    so_is_one_without_room: Write Full Again, 30;
    after_writes_that_failed_for_long_the_store_goes_on_by_itself: Write Io Heal, 30;
    and_after_a_full_disk: Write Full Heal, 30;
    a_crash_among_failing_writes_loses_nothing_acknowledged: Write Io Crash, 30;
    nor_does_one_on_a_full_disk: Write Full Crash, 30;
    a_sync_that_fails_once_is_told_and_asked_again: Sync Io Again, 9;
    so_is_a_sync_without_room: Sync Full Again, 9;
    after_syncs_that_failed_for_long_the_store_goes_on_by_itself: Sync Io Heal, 9;
    and_after_syncs_without_room: Sync Full Heal, 9;
    a_crash_among_failing_syncs_loses_nothing_acknowledged: Sync Io Crash, 9;
    nor_does_one_among_syncs_without_room: Sync Full Crash, 9;
}
