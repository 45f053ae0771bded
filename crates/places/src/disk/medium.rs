//! On what kind of file system a folder lies: what a medium really forgets differs.

use std::path::Path;
use std::{fs, io};

/// The kind of file system that a folder lies on, as far as the machine says so.
pub fn file_system(folder: &Path) -> String {
    found(folder).ok().flatten().unwrap_or_else(|| "unknown".to_owned())
}

/// That of the longest mount point above it.
fn found(folder: &Path) -> io::Result<Option<String>> {
    let (folder, mounts) = (fs::canonicalize(folder)?, fs::read_to_string("/proc/self/mountinfo")?);
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let point = left.split(' ').nth(4)?;
            folder.starts_with(point).then(|| (point.len(), right.split(' ').next().unwrap_or_default().to_owned()))
        })
        // Of two at the same point, the later one lies above.
        .max_by_key(|(length, _)| *length);
    Ok(kind.map(|(_, kind)| kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_medium_has_a_name() {
        assert_eq!(file_system(Path::new("/proc")), "proc");
        assert_eq!(file_system(Path::new("/there/is/none")), "unknown");
    }
}
