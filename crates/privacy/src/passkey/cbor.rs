//! As much of CBOR (RFC 8949) as authenticators write: whole numbers, bytes, text, lists and maps of known length, and the
//! simple values. Whatever else, and whatever is cut off or nested deeply, is refused.

/// Maps in lists in maps: attestation statements need four.
const DEPTH: usize = 8;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// True, false, null: never asked for, but they may stand there.
    Simple(u8),
}

impl<'a> Value<'a> {
    /// What stands under a name, where this is a map that says so once.
    pub(super) fn get(&self, name: &Value<'_>) -> Option<&Value<'a>> {
        let Self::Map(pairs) = self else { return None };
        let mut found = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        found.next().filter(|_| found.next().is_none())
    }

    pub(super) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// Reads one value, and gives back what stands behind it.
pub(super) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let mut reader = Reader(bytes);
    let value = reader.value(DEPTH)?;
    Some((value, reader.0))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// The kind of what follows, and its number or length.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let number = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            size @ 24..=27 => {
                self.take(1 << (size - 24))?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            // Reserved, or of unknown length: authenticators write neither (CTAP, "canonical CBOR").
            _ => return None,
        };
        Some((first >> 5, number))
    }

    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        let depth = depth.checked_sub(1)?;
        let (kind, number) = self.head()?;
        let length = usize::try_from(number).ok()?;
        match kind {
            0 => i64::try_from(number).ok().map(Value::Number),
            1 => i64::try_from(number).ok().map(|number| Value::Number(-1 - number)),
            2 => self.take(length).map(Value::Bytes),
            3 => self.take(length).and_then(|text| std::str::from_utf8(text).ok()).map(Value::Text),
            // Nothing is laid in for a length that was only claimed: each member takes a byte at least.
            4 => (0..length).map(|_| self.value(depth)).collect::<Option<_>>().map(Value::List),
            5 => (0..length)
                .map(|_| Some((self.value(depth)?, self.value(depth)?)))
                .collect::<Option<_>>()
                .map(Value::Map),
            7 => u8::try_from(number).ok().filter(|simple| *simple < 24).map(Value::Simple),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE as HEX;
    use proptest::prelude::*;

    use super::*;

    fn whole(hex: &str) -> Option<String> {
        let bytes = HEX.decode(hex.as_bytes()).unwrap();
        let (value, rest) = read(&bytes)?;
        assert!(rest.is_empty(), "{hex}");
        Some(format!("{value:?}"))
    }

    #[test]
    fn values_are_those_of_the_standard() {
        // RFC 8949, appendix A.
        for (hex, value) in [
            ("00", "Number(0)"),
            ("17", "Number(23)"),
            ("1818", "Number(24)"),
            ("1903e8", "Number(1000)"),
            ("1a000f4240", "Number(1000000)"),
            ("1b000000e8d4a51000", "Number(1000000000000)"),
            ("20", "Number(-1)"),
            ("3903e7", "Number(-1000)"),
            ("f4", "Simple(20)"),
            ("f6", "Simple(22)"),
            ("4401020304", "Bytes([1, 2, 3, 4])"),
            ("62c3bc", "Text(\"ü\")"),
            ("83010203", "List([Number(1), Number(2), Number(3)])"),
            ("a201020304", "Map([(Number(1), Number(2)), (Number(3), Number(4))])"),
        ] {
            assert_eq!(whole(hex).as_deref(), Some(value), "{hex}");
        }
    }

    #[test]
    fn what_no_authenticator_writes_is_refused() {
        for (hex, why) in [
            ("", "nothing"),
            ("18", "a number that is cut off"),
            ("44010203", "bytes that are cut off"),
            ("1c", "a reserved length"),
            ("5f42010243030405ff", "bytes of unknown length"),
            ("9f0102ff", "a list of unknown length"),
            ("1bffffffffffffffff", "a number that fits nowhere"),
            ("c074", "a tag"),
            ("fb3ff199999999999a", "a fraction"),
            ("61ff", "text that is none"),
            ("bb7fffffffffffffff", "a map that only claims to be large"),
            ("818181818181818101", "lists in lists in lists"),
        ] {
            assert_eq!(whole(hex), None, "{why}");
        }
    }

    #[test]
    fn what_stands_twice_stands_nowhere() {
        let bytes = HEX.decode(b"a301020103020a").unwrap();
        let (map, _) = read(&bytes).unwrap();
        assert_eq!(map.get(&Value::Number(2)), Some(&Value::Number(10)));
        assert_eq!(map.get(&Value::Number(1)), None);
        assert_eq!(map.get(&Value::Number(3)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
