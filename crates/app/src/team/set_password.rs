//! Gives an operator a new password.

use domain::text;
use privacy::Plaintext;

use crate::{App, Error, Result};

impl App {
    /// Sets a password and ends every session of the operator. Called from the command line, by whoever runs the machine.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown address, [`Error::Invalid`] for a password that is too short, too long or guessed.
    pub async fn set_password(&self, email: &str, new: Plaintext) -> Result<()> {
        let index = self.secrets.email_index(&text::email(email).ok_or(Error::NotFound)?);
        let operator = self.store.operator_by_email(index).await?;
        let hash = self.hash_password(&operator, new).await?;
        Ok(self.store.audited(self.by_command_line()).set_password(operator.organisation, operator.id, hash).await?)
    }
}
