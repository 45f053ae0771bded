//! The search for text that must not be there, in every form in which programs tend to write it.
//!
//! What it can't see: text inside compressed or encrypted data. Texts below two kilobytes are not compressed by
//! PostgreSQL, and SQLite never compresses, so canaries should be planted in short texts.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use memchr::memmem::Finder;

/// How much of a file is looked at at once.
const CHUNK: usize = 4 << 20;

/// The form in which a needle was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// As it is, in UTF-8.
    Raw,
    /// In the name of the file or of a folder above it.
    Name,
    /// Two bytes a character, the low one first.
    Utf16Le,
    /// Two bytes a character, the high one first.
    Utf16Be,
    /// Base64 of either alphabet, at any of the three alignments.
    Base64,
    /// Hexadecimal digits, small or capital.
    Hex,
    /// Escaped as in a JSON text.
    Json,
    /// Escaped as in an address.
    Percent,
}

/// A place where a needle was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// The file it is in.
    pub file: PathBuf,
    /// Where it begins, counted in bytes.
    pub offset: u64,
    /// Which needle.
    pub needle: String,
    /// The form it has there.
    pub encoding: Encoding,
}

/// Tells all but the needle itself, so that a failed assertion doesn't write it to yet another file.
impl fmt::Debug for Hit {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.needle.chars().take(11).collect();
        write!(to, "{start}… as {:?} in {} at {}", self.encoding, self.file.display(), self.offset)
    }
}

/// Looks for `needles` in every file below `folder` (or in the one file it names) and tells every place.
///
/// # Panics
/// Where the folder holds no file at all or a file can't be read: a search that saw nothing has shown nothing. Also for
/// needles shorter than eight bytes, which are found by accident. A file that vanishes meanwhile is passed over.
pub fn search(folder: impl AsRef<Path>, needles: &[impl AsRef<str>]) -> Vec<Hit> {
    let forms: Vec<Form> = needles.iter().flat_map(|needle| forms(needle.as_ref())).collect();
    assert!(!forms.is_empty(), "a search needs a needle");
    let folder = folder.as_ref();
    let (mut hits, mut seen) = (Vec::new(), 0);
    let mut ahead = vec![folder.to_owned()];
    while let Some(path) = ahead.pop() {
        let kind = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && path != folder => continue,
            answer => answer.unwrap_or_else(|error| panic!("{} can't be looked at: {error}", path.display())),
        };
        names(&path, folder, &forms, &mut hits);
        if kind.is_dir() {
            let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            ahead.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())));
        } else if kind.is_file() {
            seen += 1;
            file(&path, &forms, &mut hits);
        }
    }
    assert!(seen > 0, "{} holds no file: nothing was searched", folder.display());
    hits.sort_by(|a, b| (&a.file, a.offset, a.encoding).cmp(&(&b.file, b.offset, b.encoding)));
    hits
}

struct Form {
    needle: String,
    encoding: Encoding,
    finder: Finder<'static>,
}

/// The needle in each form that differs from its plain one.
fn forms(needle: &str) -> Vec<Form> {
    assert!(needle.len() >= 8, "a needle of fewer than eight bytes is found by accident");
    let bytes = needle.as_bytes();
    let mut all = BTreeSet::from([
        (Encoding::Utf16Le, needle.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        (Encoding::Utf16Be, needle.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        (Encoding::Hex, HEXLOWER.encode(bytes).into_bytes()),
        (Encoding::Hex, HEXUPPER.encode(bytes).into_bytes()),
    ]);
    for ascii in [false, true] {
        for slash in [false, true] {
            all.insert((Encoding::Json, json(needle, ascii, slash).into_bytes()));
        }
    }
    all.insert((Encoding::Percent, percent(needle).into_bytes()));
    for before in 0..3 {
        let padded = [&[0; 2][..before.min(2)], bytes].concat();
        // Only characters all of whose six bits come from the needle.
        let whole = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
        for alphabet in [BASE64_NOPAD, BASE64URL_NOPAD] {
            all.insert((Encoding::Base64, alphabet.encode(&padded).as_bytes()[whole.clone()].to_vec()));
        }
    }
    all.retain(|(_, form)| form != bytes);
    all.insert((Encoding::Raw, bytes.to_vec()));
    all.into_iter()
        .map(|(encoding, form)| Form { needle: needle.to_owned(), encoding, finder: Finder::new(&form).into_owned() })
        .collect()
}

fn json(text: &str, ascii: bool, slash: bool) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => escaped.extend(['\\', letter]),
            '/' if slash => escaped.push_str("\\/"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            letter if u32::from(letter) < 0x20 || (ascii && !letter.is_ascii()) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(escaped, "\\u{unit:04x}").expect("a string takes everything");
                }
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn percent(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes everything");
        }
    }
    escaped
}

/// Looks at the last part of a path, but not at that of the folder the test itself has chosen.
fn names(path: &Path, folder: &Path, forms: &[Form], hits: &mut Vec<Hit>) {
    let Some(name) = path.file_name().filter(|_| path != folder) else { return };
    for form in forms {
        if form.finder.find(name.as_encoded_bytes()).is_some() {
            hits.push(Hit { file: path.to_owned(), offset: 0, needle: form.needle.clone(), encoding: Encoding::Name });
        }
    }
}

fn file(path: &Path, forms: &[Form], hits: &mut Vec<Hit>) {
    let mut source = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        answer => answer.unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display())),
    };
    // What a chunk's end may have cut through is looked at again with the next one.
    let overlap = forms.iter().map(|form| form.finder.needle().len()).max().unwrap_or(1) - 1;
    let mut window = Vec::new();
    let mut start = 0_u64;
    loop {
        let kept = window.len();
        let read = (&mut source).take(CHUNK as u64).read_to_end(&mut window);
        let read = read.unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
        for form in forms {
            for at in form.finder.find_iter(&window) {
                // Told before, when it lay wholly in the part that was kept.
                if at + form.finder.needle().len() > kept {
                    hits.push(Hit {
                        file: path.to_owned(),
                        offset: start + at as u64,
                        needle: form.needle.clone(),
                        encoding: form.encoding,
                    });
                }
            }
        }
        if read == 0 {
            return;
        }
        let gone = window.len().saturating_sub(overlap);
        window.drain(..gone);
        start += gone as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

    use super::{CHUNK, Encoding, search};
    use crate::Canary;

    /// Searches a folder in which `planted` stands amid other bytes.
    fn found(planted: &[u8], needle: &str) -> Vec<(Encoding, u64)> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("other"), "nothing to see").unwrap();
        fs::write(folder.path().join("deep/file"), [b"before|", planted, b"|after"].concat()).unwrap();
        search(folder.path(), &[needle]).iter().map(|hit| (hit.encoding, hit.offset)).collect()
    }

    #[test]
    fn finds_what_was_planted_in_each_form() {
        let canary = Canary::new();
        // With a letter outside ASCII, a quote and a slash, so that the escaped forms differ from the plain one.
        let needle = format!("Grüße/\"{canary}");
        let utf16 = |bytes: fn(u16) -> [u8; 2]| needle.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let escaped = format!("Gr\\u00fc\\u00dfe\\/\\\"{canary}");
        let plain_json = format!("Grüße/\\\"{canary}");
        for (planted, encoding) in [
            (needle.clone().into_bytes(), Encoding::Raw),
            (utf16(u16::to_le_bytes), Encoding::Utf16Le),
            (utf16(u16::to_be_bytes), Encoding::Utf16Be),
            (HEXLOWER.encode(needle.as_bytes()).into_bytes(), Encoding::Hex),
            (HEXUPPER.encode(needle.as_bytes()).into_bytes(), Encoding::Hex),
            (escaped.into_bytes(), Encoding::Json),
            (plain_json.into_bytes(), Encoding::Json),
            (format!("Gr%C3%BC%C3%9Fe%2F%22{canary}").into_bytes(), Encoding::Percent),
        ] {
            assert_eq!(found(&planted, &needle), [(encoding, 7)], "{encoding:?}");
        }
        assert_eq!(found(b"nothing", &needle), []);
    }

    #[test]
    fn finds_base64_at_every_alignment_and_with_every_neighbour() {
        let canary = Canary::new();
        let needle = format!("ÿþ?>{canary}");
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{needle}{after}");
                for alphabet in [BASE64, BASE64URL] {
                    let hits = found(alphabet.encode(text.as_bytes()).as_bytes(), &needle);
                    assert!(matches!(hits[..], [(Encoding::Base64, _)]), "{before}|{after}: {hits:?}");
                }
            }
        }
    }

    #[test]
    fn finds_each_needle_once_also_across_chunks_and_in_names() {
        let (first, second) = (Canary::new(), Canary::new());
        let folder = tempfile::tempdir().unwrap();
        let mut large = vec![b'.'; 2 * CHUNK + 100];
        large[CHUNK - 5..CHUNK - 5 + 23].copy_from_slice(first.as_str().as_bytes());
        large[2 * CHUNK..2 * CHUNK + 23].copy_from_slice(first.as_str().as_bytes());
        fs::write(folder.path().join("large"), large).unwrap();
        fs::write(folder.path().join(format!("{second}.txt")), "").unwrap();
        let hits = search(folder.path(), &[first.as_str(), second.as_str()]);
        let places: Vec<_> = hits.iter().map(|hit| (hit.needle.as_str(), hit.encoding, hit.offset)).collect();
        assert_eq!(
            places,
            [
                (second.as_str(), Encoding::Name, 0),
                (first.as_str(), Encoding::Raw, CHUNK as u64 - 5),
                (first.as_str(), Encoding::Raw, 2 * CHUNK as u64),
            ]
        );
    }

    #[test]
    #[should_panic(expected = "nothing was searched")]
    fn an_empty_folder_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        search(folder.path(), &["canary-canary"]);
    }

    #[test]
    #[should_panic(expected = "can't be looked at")]
    fn neither_does_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        search(folder.path().join("missing"), &["canary-canary"]);
    }
}
