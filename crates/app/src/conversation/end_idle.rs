//! Ends conversations in which nobody writes any more: the first durable process (law L8). Its one step ends the
//! conversation and finishes the job in one transaction, or puts the job off to when the conversation will have been
//! quiet for long enough.

use store::job::Claimed;

use crate::{App, Result};

impl App {
    pub(crate) async fn end_idle(&self, job: Claimed) -> Result<()> {
        self.store.end_if_idle(job, self.options.end_idle_after, self.now()).await?;
        Ok(())
    }
}
