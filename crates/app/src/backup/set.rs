//! The names of a backup and its files: `data/<time>-<name>/0001.part`, and `manifest`, which is written last. Generations of
//! keys say in their name which epoch's key opens them. Sorted by name they are sorted by time.

use domain::{PublicId, Timestamp};
use store::backup::Which;

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set {
    /// When it was begun.
    pub at: Timestamp,
    /// Its name.
    pub name: PublicId,
    /// The epoch whose key opens it, if it holds keys.
    pub epoch: Option<i64>,
}

impl Set {
    /// Of what.
    pub const fn which(&self) -> Which {
        if self.epoch.is_some() { Which::Keys } else { Which::Data }
    }

    /// The last part of its name, also that of its folder while it is written.
    pub(crate) fn leaf(&self) -> String {
        let epoch = self.epoch.map(|epoch| format!("{epoch:06}-")).unwrap_or_default();
        format!("{:016}-{epoch}{}", self.at.0, self.name)
    }

    /// What the names of its files begin with.
    pub(crate) fn folder(&self) -> String {
        format!("{}{}/", beginning(self.which()), self.leaf())
    }

    pub(crate) fn manifest(&self) -> String {
        format!("{}manifest", self.folder())
    }

    pub(crate) fn part(&self, number: usize) -> String {
        format!("{}{number:04}.part", self.folder())
    }

    /// From the last part of its name.
    pub(crate) fn from_leaf(which: Which, leaf: &str) -> Option<Self> {
        let mut words = leaf.split('-');
        let at = Timestamp(words.next()?.parse().ok()?);
        let epoch = match which {
            Which::Data => None,
            Which::Keys => Some(words.next()?.parse().ok()?),
        };
        let set = Self { at, epoch, name: words.next()?.parse().ok()? };
        // One way to write it, so that no two names mean the same.
        (set.leaf() == leaf).then_some(set)
    }

    /// The backup that a file belongs to, and the file's own name in it.
    pub(crate) fn of_file(which: Which, name: &str) -> Option<(Self, &str)> {
        let (leaf, file) = name.strip_prefix(beginning(which))?.split_once('/')?;
        Some((Self::from_leaf(which, leaf)?, file))
    }
}

/// What the names of all backups of a kind begin with.
pub(crate) const fn beginning(which: Which) -> &'static str {
    match which {
        Which::Data => "data/",
        Which::Keys => "keys/gen/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        for epoch in [None, Some(12)] {
            let set = Set { at: Timestamp(1_767_225_600_000_000), name: PublicId::from_bytes([7; 16]), epoch };
            assert_eq!(Set::from_leaf(set.which(), &set.leaf()), Some(set.clone()));
            assert_eq!(Set::of_file(set.which(), &set.part(3)), Some((set.clone(), "0003.part")));
            assert_eq!(Set::of_file(set.which(), &set.manifest()), Some((set.clone(), "manifest")));
            places::name::check(&set.part(9_999)).unwrap();
            for changed in [format!("0{}", set.leaf()), format!("{}-x", set.leaf()), set.leaf().to_uppercase()] {
                assert_eq!(Set::from_leaf(set.which(), &changed), None, "{changed}");
            }
        }
        assert_eq!(Set::of_file(Which::Data, "keys/epoch"), None);
    }
}
