//! What an installation keeps on the disk, what it backs up, and what comes of that elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use testkit::Database;

use super::{Engine, House};

impl House<'_> {
    /// Bytes of its databases' files.
    pub(crate) fn size(&self) -> Result<u64> {
        if let Some((_, data, keys)) = &self.databases {
            return Ok(data.size() + keys.size());
        }
        let files = fs::read_dir(self.data(0))?.collect::<Result<Vec<_>, _>>()?;
        let sizes = files.iter().filter(|file| file.file_name().to_string_lossy().contains(".db")).map(|file| {
            let about = file.metadata()?;
            Ok(about.len())
        });
        sizes.sum()
    }

    /// Has everything written to the disk that waits for it: what follows shall not pay for what was before.
    pub(crate) fn settle(&self) -> Result<()> {
        if let Some((postgres, _, _)) = &self.databases {
            postgres.checkpoint();
        }
        ensure!(Command::new("sync").status()?.success(), "the disk takes what waits for it");
        Ok(())
    }

    /// The folder with the data: what is synced here is synced on the same disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its data are.
    pub(crate) fn data_location(&self) -> store::Location {
        match &self.databases {
            Some((_, data, _)) => store::Location::Postgres(data.url.clone()),
            None => store::files_in(&self.data(0)).0,
        }
    }

    /// Where its wrapped keys are.
    pub(crate) fn key_location(&self) -> store::Location {
        match &self.databases {
            Some((_, _, keys)) => store::Location::Postgres(keys.url.clone()),
            None => store::files_in(&self.data(0)).1,
        }
    }

    /// Where its secrets are.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.data(0).join("secrets")
    }

    /// Has it back up to a folder.
    pub(crate) fn backs_up_to(&mut self, folder: &Path) {
        self.place = Some(folder.to_owned());
    }

    /// What its backups open with.
    pub(crate) fn recovery_key(&self) -> &str {
        &self.recovery_key
    }

    /// Runs a command on an empty folder and, where databases are elsewhere, on empty ones of the same engine.
    pub(crate) fn ask_elsewhere(&self, engine: &Engine<'_>, words: &[&str]) -> Result<()> {
        let folder = tempfile::Builder::new().prefix("diskret-bench-").tempdir()?;
        let pair = match engine {
            Engine::Sqlite => None,
            Engine::Postgres(postgres) => Some(postgres.pair()),
        };
        let mut command = Command::new(&self.program);
        command.args(words).arg("--data").arg(folder.path().join("data")).arg("--log=warn").stdin(Stdio::null());
        command.args(self.place.iter().map(|folder| place(folder)));
        command.args(pair.iter().flat_map(|(data, keys)| databases(data, keys)));
        let output = command.output()?;
        ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

pub(super) fn databases(data: &Database, keys: &Database) -> [String; 2] {
    [format!("--database={}", data.url), format!("--key-database={}", keys.url)]
}

pub(super) fn place(folder: &Path) -> String {
    format!("--place-a=file://{}?country=DE&site=Here&company=Us", folder.display())
}
