//! The records of a copy: `length (4) ‖ kind (1) ‖ content`. Numbers are variable in length, seven bits to a byte.

use super::shape::Shape;
use crate::engine::{Column, Value};
use crate::{Error, Result};

/// No record is longer: a row holds a message at most.
const LONGEST: usize = 4 * 1024 * 1024;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A table begins.
    Table(Shape),
    /// A row of it.
    Row(Vec<Value>),
    /// It ends: so many rows, of this digest.
    End(u64, [u8; 32]),
    /// The number that a table, or the house, gave out last.
    Last(String, i64),
    /// Nothing comes behind.
    Over,
}

impl Record {
    /// Writes it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&[0; 4]);
        match self {
            Self::Table(shape) => {
                out.push(1);
                text(out, &shape.table);
                number(out, shape.key as u64);
                number(out, shape.columns.len() as u64);
                for (name, kind) in &shape.columns {
                    text(out, name);
                    out.push(match kind {
                        Column::Int => 1,
                        Column::Text => 2,
                        Column::Bytes => 3,
                    });
                }
            }
            Self::Row(values) => {
                out.push(2);
                for value in values {
                    match value {
                        Value::Null => out.push(0),
                        Value::Int(value) => {
                            out.push(1);
                            // Small negative numbers are as short as small positive ones.
                            number(out, ((value << 1) ^ (value >> 63)) as u64);
                        }
                        Value::Text(value) => {
                            out.push(2);
                            text(out, value);
                        }
                        Value::Bytes(value) => {
                            out.push(3);
                            bytes(out, value);
                        }
                    }
                }
            }
            Self::End(rows, digest) => {
                out.push(3);
                number(out, *rows);
                out.extend_from_slice(digest);
            }
            Self::Last(name, value) => {
                out.push(4);
                text(out, name);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Self::Over => out.push(5),
        }
        let length = (out.len() - begin - 4) as u32;
        out[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn read(mut from: &[u8]) -> Option<Self> {
        let from = &mut from;
        let record = match take(from)? {
            1 => {
                let (table, key, count) = (read_text(from)?, read_number(from)?, read_number(from)?);
                let mut columns = Vec::new();
                for _ in 0..count {
                    let name = read_text(from)?;
                    columns.push(match take(from)? {
                        1 => (name, Column::Int),
                        2 => (name, Column::Text),
                        3 => (name, Column::Bytes),
                        _ => return None,
                    });
                }
                Self::Table(Shape { table, columns, key: usize::try_from(key).ok()? })
            }
            2 => {
                let mut values = Vec::new();
                while !from.is_empty() {
                    values.push(match take(from)? {
                        0 => Value::Null,
                        1 => {
                            let value = read_number(from)?;
                            Value::Int((value >> 1) as i64 ^ -((value & 1) as i64))
                        }
                        2 => Value::Text(read_text(from)?),
                        3 => Value::Bytes(read_bytes(from)?.to_vec()),
                        _ => return None,
                    });
                }
                Self::Row(values)
            }
            3 => Self::End(read_number(from)?, read_array(from)?),
            4 => Self::Last(read_text(from)?, i64::from_be_bytes(read_array(from)?)),
            5 => Self::Over,
            _ => return None,
        };
        from.is_empty().then_some(record)
    }
}

/// Takes records out of what comes piece by piece.
#[derive(Default)]
pub(super) struct Reader {
    waiting: Vec<u8>,
    read: usize,
}

impl Reader {
    pub(super) fn feed(&mut self, piece: &[u8]) {
        self.waiting.drain(..self.read);
        self.read = 0;
        self.waiting.extend_from_slice(piece);
    }

    /// The next record and its bytes; `None` until more comes.
    pub(super) fn next(&mut self) -> Result<Option<(Record, &[u8])>> {
        let broken = || Error::Broken("the backup holds what this program did not write".to_owned());
        let rest = &self.waiting[self.read..];
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > LONGEST {
            return Err(broken());
        }
        let Some(content) = rest.get(..length) else { return Ok(None) };
        self.read += 4 + length;
        Ok(Some((Record::read(content).ok_or_else(broken)?, content)))
    }

    /// Whether a record was begun and not ended.
    pub(super) fn is_in_the_middle(&self) -> bool {
        self.read < self.waiting.len()
    }
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    number(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn text(out: &mut Vec<u8>, value: &str) {
    bytes(out, value.as_bytes());
}

fn take(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(from)?;
        let bits = u64::from(byte & 0x7f);
        value |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn read_bytes<'f>(from: &mut &'f [u8]) -> Option<&'f [u8]> {
    let length = usize::try_from(read_number(from)?).ok()?;
    let (value, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(value)
}

fn read_text(from: &mut &[u8]) -> Option<String> {
    String::from_utf8(read_bytes(from)?.to_vec()).ok()
}

fn read_array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (value, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<Record> {
        let columns =
            vec![("a".to_owned(), Column::Int), ("b".to_owned(), Column::Text), ("c".to_owned(), Column::Bytes)];
        let row =
            |number| vec![Value::Int(number), Value::Text("ä\0".to_owned()), Value::Bytes(vec![0; 300]), Value::Null];
        let mut records =
            vec![Record::Table(Shape { table: "t".to_owned(), columns, key: 1 }), Record::Row(Vec::new())];
        for number in [0, 1, -1, 63, 64, -64, -65, 127, 128, i64::MAX, i64::MIN, 1 << 62] {
            records.push(Record::Row(row(number)));
        }
        records.extend([Record::End(12, [7; 32]), Record::Last("t".to_owned(), -5), Record::Over]);
        records
    }

    #[test]
    fn records_come_back_however_they_are_cut() {
        let mut written = Vec::new();
        every().iter().for_each(|record| record.write(&mut written));
        for piece in [1, 2, 7, written.len()] {
            let (mut reader, mut found) = (Reader::default(), Vec::new());
            for piece in written.chunks(piece) {
                reader.feed(piece);
                while let Some((record, _)) = reader.next().unwrap() {
                    found.push(record);
                }
            }
            assert!(!reader.is_in_the_middle());
            assert_eq!(found, every(), "pieces of {piece}");
        }
    }

    #[test]
    fn nonsense_is_refused_and_never_a_panic() {
        let read = |content: &[u8]| {
            let mut reader = Reader::default();
            reader.feed(&(content.len() as u32).to_be_bytes());
            reader.feed(content);
            reader.next().map(|record| record.is_some())
        };
        assert_eq!(read(&[5]), Ok(true));
        for content in [
            &[][..],
            &[0],
            &[6],
            &[5, 0],
            &[2, 4],
            &[2, 1],
            &[2, 1, 0x80],
            &[2, 2, 5, b'a'],
            &[2, 2, 1, 0xff],
            &[3, 1],
            &[1, 1, b't', 1, 1, 1, b'a', 9],
            &[4, 1, b't', 0],
            // A number of more than 64 bits, and a length that no memory has.
            &[2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            &[2, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ] {
            assert!(read(content).is_err(), "{content:?}");
        }
        let mut reader = Reader::default();
        reader.feed(&[0xff; 4]);
        assert!(reader.next().is_err(), "a record that never ends");
    }
}
