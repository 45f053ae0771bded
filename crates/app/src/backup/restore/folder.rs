//! The folder of an installation that is being restored: which restore it is, and whether that is through.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use privacy::random;

use super::{NotRestored, Outcome};

/// While this file is there, the installation is half restored, and nobody may be served.
pub const MARKER: &str = "restoring";

/// What is noted when nothing is left to do but to take the marks away.
const THROUGH: &str = "through";

/// A restore that goes on, or begins.
pub(super) struct Begun {
    /// What names it in the databases, too: what they hold without that is somebody's.
    pub(super) id: String,
    /// Whether it is through but for the marks.
    pub(super) is_through: bool,
}

/// Marks the folder, where it is not marked yet.
pub(super) fn begin(folder: &Path) -> Outcome<Begun> {
    let io = |error| NotRestored::Io(folder.to_owned(), error);
    let marker = folder.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(noted) => {
            // One that was killed right here wrote nothing anywhere yet.
            if let Some((id, rest)) = noted.split_once('\n') {
                return Ok(Begun { id: id.to_owned(), is_through: rest.ends_with(&format!("{THROUGH}\n")) });
            }
            fs::remove_file(&marker).map_err(io)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
            if fs::read_dir(folder).map_err(io)?.next().is_some() {
                return Err(NotRestored::NotEmpty(folder.to_owned()));
            }
        }
        Err(error) => return Err(io(error)),
    }
    // Keys will lie in it, also where somebody made it for us.
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(io)?;
    let id = random::public_id().to_string();
    note(folder, &id)?;
    Ok(Begun { id, is_through: false })
}

/// Notes that all is restored. From here on, what stands in the databases is kept.
pub(super) fn through(folder: &Path) -> Outcome<()> {
    note(folder, THROUGH)
}

fn note(folder: &Path, line: &str) -> Outcome<()> {
    let open = OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join(MARKER));
    let noted = open.and_then(|mut file| {
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    });
    noted.map_err(|error| NotRestored::Io(folder.to_owned(), error))
}

pub(super) fn end(folder: &Path) -> Outcome<()> {
    let gone = fs::remove_file(folder.join(MARKER)).and_then(|()| File::open(folder)?.sync_all());
    gone.map_err(|error| NotRestored::Io(folder.to_owned(), error))
}

/// Whether a folder is half restored.
pub fn is_half_restored(folder: &Path) -> bool {
    folder.join(MARKER).exists()
}
