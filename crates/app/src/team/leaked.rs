//! A list of leaked passwords that whoever runs the machine has fetched: sorted SHA-1 hashes in hexadecimal, one on a line,
//! with anything behind a colon, as Have I Been Pwned publishes them. Searched where it lies; nothing is asked elsewhere.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use privacy::digest;

/// Hexadecimal digits of a hash.
const DIGITS: usize = 40;
/// Longer than any line.
const LINE: usize = 128;

/// Such a list.
#[derive(Debug)]
pub(crate) struct Leaked {
    file: File,
    length: u64,
}

impl Leaked {
    /// Opens a list, and looks at its first line.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let leaked = Self { length: file.metadata()?.len(), file };
        let first = leaked.line_at(0)?.0;
        if !first.get(..DIGITS).is_some_and(|hash| hash.iter().all(u8::is_ascii_hexdigit)) {
            let message = "its first line does not begin with a SHA-1 hash of 40 hexadecimal digits";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(leaked)
    }

    /// Whether a password is among them.
    pub(crate) fn contains(&self, password: &str) -> io::Result<bool> {
        let wanted = digest::sha1_hex(password.as_bytes());
        // Between two places in the file; a line belongs to the place where it begins.
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            let begin = self.line_from(middle, high)?;
            let Some(begin) = begin else {
                high = middle;
                continue;
            };
            let (line, next) = self.line_at(begin)?;
            let hash = line.get(..DIGITS).unwrap_or(&line).to_ascii_uppercase();
            match hash.as_slice().cmp(wanted.as_bytes()) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => low = next,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(false)
    }

    /// Where the first line at or behind `place` begins, before `end`.
    fn line_from(&self, place: u64, end: u64) -> io::Result<Option<u64>> {
        let begin = if place == 0 { 0 } else { self.line_at(place - 1)?.1 };
        Ok((begin < end).then_some(begin))
    }

    /// What stands from a place to the end of its line, and where the next line begins.
    fn line_at(&self, place: u64) -> io::Result<(Vec<u8>, u64)> {
        let mut buffer = [0; LINE];
        let mut filled = 0;
        while filled < LINE {
            match self.file.read_at(&mut buffer[filled..], place + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        let end = buffer[..filled].iter().position(|byte| *byte == b'\n');
        let line = buffer[..end.unwrap_or(filled)].to_vec();
        Ok((line, place + end.map_or(filled, |end| end + 1) as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn list(lines: &[String], end: &str) -> Leaked {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(format!("{}{}", lines.join(end), end).as_bytes()).unwrap();
        Leaked::open(file.path()).unwrap()
    }

    #[test]
    fn every_password_of_a_list_is_found_and_no_other() {
        for (count, end, tail) in [(1, "\n", ":1"), (2, "\r\n", ":12345"), (999, "\r\n", ":7"), (1000, "\n", "")] {
            let mut lines: Vec<String> = (0..count)
                .map(|number| {
                    let more = "0".repeat(if tail.is_empty() { 0 } else { number % 5 });
                    format!("{}{tail}{more}", digest::sha1_hex(format!("leaked {number}").as_bytes()))
                })
                .collect();
            lines.sort();
            let leaked = list(&lines, end);
            for number in 0..count {
                assert!(leaked.contains(&format!("leaked {number}")).unwrap(), "{number} of {count}");
            }
            assert!(!(0..200).any(|number| leaked.contains(&format!("kept {number}")).unwrap()));
        }
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        for text in ["", "password123\n", "5BAA61E4\n"] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert_eq!(Leaked::open(file.path()).unwrap_err().kind(), io::ErrorKind::InvalidData, "{text}");
        }
    }
}
