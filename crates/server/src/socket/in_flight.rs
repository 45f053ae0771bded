//! Messages of a socket that were given to the store and are not acknowledged yet.

use std::collections::VecDeque;

use app::conversation::{Answer, Receipt};
use futures_util::FutureExt as _;

/// The receipts to come, in the order of their messages. The store works whether or not they are asked, so only the first
/// one is; a socket that waits for none carries nothing for them.
#[derive(Default)]
pub(super) struct InFlight(VecDeque<Receipt>);

impl InFlight {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, receipt: Receipt) {
        self.0.push_back(receipt);
    }

    /// Waits for the first one; `None` where nothing is under way. Can be given up and begun again without losing anything.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        let answer = self.0.front_mut()?.await;
        self.0.pop_front();
        Some(answer)
    }

    /// The first one, if it is there.
    pub(super) fn next_now(&mut self) -> Option<Answer> {
        self.next().now_or_never().flatten()
    }
}
