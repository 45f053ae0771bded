//! Where backups lie, as the configuration writes it: an address, and behind the question mark where in the world that is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use app::places::Placed;
use domain::Clock;
use places::s3::Credentials;
use places::{Disk, Place, S3, Where};

use super::{ConfigError, Layers};

/// A place, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOption {
    /// The option's key.
    pub name: &'static str,
    /// Where in the world.
    pub within: Where,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Folder(PathBuf),
    Bucket { endpoint: String, region: String, bucket: String, prefix: String, credentials: PathBuf },
}

impl PlaceOption {
    /// The folder, where it is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Folder(folder) => Some(folder),
            Kind::Bucket { .. } => None,
        }
    }
}

impl Layers {
    pub(super) fn places(&self) -> Result<(Vec<PlaceOption>, Option<Where>), ConfigError> {
        let mut all = Vec::new();
        for (key, credentials) in [("place_a", "place_a_credentials"), ("place_b", "place_b_credentials")] {
            let text = self.text(key);
            if !text.is_empty() {
                let place = parse(key, &text, &self.text(credentials));
                all.push(place.map_err(|detail| self.invalid(key, &detail))?);
            }
        }
        if let [one, other] = &all[..]
            && one.kind == other.kind
        {
            return Err(self.invalid("place_b", "must be another place than `place_a`"));
        }
        let here = match self.text("here") {
            text if text.is_empty() => None,
            text => Some(within(&mut words(&text)).map_err(|detail| self.invalid("here", &detail))?),
        };
        Ok((all, here))
    }
}

fn parse(name: &'static str, text: &str, credentials: &str) -> Result<PlaceOption, String> {
    let (address, question) = text.split_once('?').unwrap_or((text, ""));
    let mut words = words(question);
    let within = within(&mut words)?;
    let mut word =
        |name: &str| words.remove(name).ok_or_else(|| format!("`{name}` is missing behind the question mark"));
    let kind = if let Some(path) = address.strip_prefix("file://") {
        if !path.starts_with('/') {
            return Err("must be `file://` and a whole path, such as file:///mnt/backup".to_owned());
        }
        Kind::Folder(PathBuf::from(path))
    } else if let Some(rest) = address.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if credentials.is_empty() {
            return Err(format!("an object store has a key: name its file in `{name}_credentials`"));
        }
        Kind::Bucket {
            endpoint: word("endpoint")?,
            region: word("region")?,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            credentials: PathBuf::from(credentials),
        }
    } else {
        return Err("must begin with file:// or s3://".to_owned());
    };
    match words.keys().next() {
        Some(unknown) => Err(format!("`{unknown}` is not known")),
        None => Ok(PlaceOption { name, within, kind }),
    }
}

fn within(words: &mut BTreeMap<String, String>) -> Result<Where, String> {
    let mut word = |name: &str| words.remove(name).unwrap_or_default();
    Where::new(&word("country"), &word("site"), &word("company")).map_err(|error| error.to_string())
}

/// `a=b&c=d`; what an address cannot hold may be written as `%20` and the like.
fn words(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), unescaped(value))).collect()
}

fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &behind[2..];
            }
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl PlaceOption {
    /// The place itself.
    ///
    /// # Errors
    /// Where the file of its key cannot be read or is open to others, or something in its address cannot be used.
    pub fn open(&self, clock: Arc<dyn Clock>) -> anyhow::Result<Placed> {
        let place: Arc<dyn Place> = match &self.kind {
            Kind::Folder(path) => Arc::new(Disk::new(path)),
            Kind::Bucket { endpoint, region, bucket, prefix, credentials } => {
                let credentials = read(credentials)
                    .with_context(|| format!("`{}_credentials`: {}", self.name, credentials.display()))?;
                let place = S3::new(endpoint, region, bucket, prefix, credentials, clock);
                Arc::new(place.with_context(|| format!("`{}`", self.name))?)
            }
        };
        Ok(Placed::new(self.name, self.within.clone(), place))
    }
}

fn read(path: &Path) -> anyhow::Result<Credentials> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    anyhow::ensure!(mode & 0o077 == 0, "others can read it (mode {mode:o}): run `chmod 600` on it");
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path)?);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next(), lines.next()) {
        (Some(id), Some(secret), None) => {
            Ok(Credentials { id: id.to_owned(), secret: zeroize::Zeroizing::new(secret.to_owned()) })
        }
        _ => anyhow::bail!("it must hold two lines: the key's name, and the key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_what_is_missing_is_named() {
        let folder = parse("place_a", "file:///mnt/b?country=DE&site=Bad%20Kreuznach&company=Us", "").unwrap();
        assert_eq!(folder.within.site, "Bad Kreuznach");
        assert_eq!(folder.kind, Kind::Folder("/mnt/b".into()));
        let whole = "s3://b/of/ours?endpoint=https://s3.example.de&region=eu-1&country=DE&site=Bonn&company=Them";
        assert!(parse("place_b", whole, "/etc/key").is_ok());
        for (text, credentials, told) in [
            ("file:///mnt/b", "", "`country`"),
            ("file:///mnt/b?country=DE&site=a", "", "`company`"),
            ("file://mnt/b?country=DE&site=a&company=b", "", "whole path"),
            ("ftp://b?country=DE&site=a&company=b", "", "file:// or s3://"),
            ("file:///b?country=DE&site=a&company=b&colour=red", "", "`colour`"),
            (whole, "", "`place_a_credentials`"),
            ("s3://b?region=eu-1&country=DE&site=a&company=b", "/etc/key", "`endpoint`"),
        ] {
            let refused = parse("place_a", text, credentials).unwrap_err();
            assert!(refused.contains(told), "{text}: {refused}");
        }
    }
}
