//! How many files the program may have open: every connection is one.

use domain::limits::FILES_KEPT_BACK;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as the system lets us, and tells how many connections it leaves room for.
pub(crate) fn room_for_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    // No limit at all: tokio's semaphores count no further than this, and no machine comes near.
    let files = raised.unwrap_or(u64::from(u32::MAX)).min(u64::from(u32::MAX) >> 4);
    // A tiny limit leaves something on both sides.
    usize::try_from(files.saturating_sub(FILES_KEPT_BACK.min(files / 2))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_raised_as_far_as_it_goes() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(512), maximum }).unwrap();
        let room = room_for_connections();
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
        assert!(room > 512 && maximum.is_none_or(|most| room < usize::try_from(most).unwrap()), "{room}");
    }
}
