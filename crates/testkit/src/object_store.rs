//! A real object store that speaks S3 for tests.

use std::env;
use std::path::{Path, PathBuf};

use crate::supervisor::{self, Supervised};
use crate::{free_port, random};

/// A SeaweedFS of one's own on the loopback, with one key. It ends with this handle or with this process, whichever comes
/// first.
#[derive(Debug)]
pub struct ObjectStore {
    own: Supervised,
}

impl ObjectStore {
    /// The name of its key.
    pub const ID: &str = "test";
    /// Its key.
    pub const SECRET: &str = "of-a-test";

    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// Where it is missing or doesn't start. Never a skip.
    #[must_use]
    pub fn start() -> Self {
        let program = program(env::var_os("DISKRET_TEST_OBJECT_STORE").map(PathBuf::from));
        let ports = (0..7).map(|_| free_port().to_string());
        let arguments = std::iter::once(program.display().to_string()).chain(ports);
        let folder = supervisor::folder("diskret-store-");
        Self { own: Supervised::start("weed", include_str!("object_store.sh"), folder, arguments) }
    }

    /// Where it answers, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.own.port())
    }

    /// A name for a bucket that nobody has.
    #[must_use]
    pub fn bucket() -> String {
        format!("test-{}", random::word())
    }

    /// Kills the server, as `kill -9` does.
    pub fn kill(&self) {
        self.own.kill();
    }

    /// Starts it again after [`Self::kill`], at the same address.
    pub fn revive(&self) {
        self.own.revive();
    }
}

/// Where `scripts/tools.sh` puts it, unless somebody named another.
fn program(named: Option<PathBuf>) -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/seaweedfs/bin/weed");
    let found = named.unwrap_or(ours);
    assert!(
        found.is_file(),
        "there is no object store at {}, and these tests run on one. `./test` installs it.",
        found.display()
    );
    found
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    #[should_panic(expected = "there is no object store at /nowhere, and these tests run on one")]
    fn where_it_is_missing_that_is_a_failure() {
        program(Some("/nowhere".into()));
    }
}
