//! Faults that are planted, so that it is seen that each promise's check can fail.

/// What is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plant {
    /// The wire acknowledges messages that are only on their way.
    AcknowledgesEarly,
    /// A visitor's page gives what it sends again a new counter.
    CountsAnew,
    /// A visitor's page sends what waits in the wrong order.
    SendsBackwards,
    /// Nodes believe that the bus loses nothing, and it does.
    NoSweep,
    /// A wire loses entries, and clients do not look at numbers.
    LosesEntries,
    /// An agent's socket is given the owner's rights.
    ShowsAll,
    /// After a crash an older copy of the files lies there.
    OldFiles,
}
