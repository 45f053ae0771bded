//! Characters as the detectors see them: a digit's value, what may stand between two digits of one number.
//!
//! Sources: Unicode 17.0 (`DerivedGeneralCategory`, `DerivedCoreProperties`, `UnicodeData`). The twin in the browser
//! asks its own engine (`\p{Nd}`, `\p{DI}`, NFKC …), which may be some versions older; the server decides.

/// What a character means within a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A decimal digit and its value, 0 to 9.
    Digit(u8),
    /// A space, dash, dot, underscore: people write numbers with these.
    Plain,
    /// Ends a line.
    Line,
    /// Punctuation that more often separates two numbers than the parts of one.
    Weak,
    /// A plus sign: a telephone number follows.
    Plus,
    /// Sits on the character before it (a combining mark, a keycap, a variation selector); takes no place of its own.
    Mark,
    /// Shows nothing: zero-width characters, soft hyphen, directional marks, tags, control characters.
    Ignorable,
    /// Anything else: no number goes on behind it.
    Other,
}

/// Code points of the digit zero of every block of ten decimal digits (general category Nd) outside ASCII, ascending.
const ZEROS: [u32; 76] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950,
    0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

/// Further characters that are one digit in another shape (those whose NFKC form is a digit, alone, in parentheses or
/// before a full stop or comma): first, last, value of the first. Superscripts, subscripts, circled digits and so on.
const LIKE_DIGITS: [(u32, u32, u8); 11] = [
    (0x00B2, 0x00B3, 2),
    (0x00B9, 0x00B9, 1),
    (0x2070, 0x2070, 0),
    (0x2074, 0x2079, 4),
    (0x2080, 0x2089, 0),
    (0x2460, 0x2468, 1),
    (0x2474, 0x247C, 1),
    (0x2488, 0x2490, 1),
    (0x24EA, 0x24EA, 0),
    (0x1F100, 0x1F100, 0),
    (0x1F101, 0x1F10A, 0),
];

/// The class of every ASCII character: digits, separators, control characters, the rest.
const ASCII: [Class; 128] = {
    let mut table = [Class::Other; 128];
    let mut i = 0;
    while i < 128 {
        table[i] = match i as u8 {
            c @ b'0'..=b'9' => Class::Digit(c - b'0'),
            b' ' | b'\t' | b'-' | b'.' | b'_' | b'~' => Class::Plain,
            b'\n'..=b'\r' => Class::Line,
            b'/' | b'\\' | b',' | b':' | b';' | b'|' | b'*' | b'\'' | b'"' | b'`' | b'(' | b')' | b'[' | b']'
            | b'<' | b'>' => Class::Weak,
            b'+' => Class::Plus,
            0..=0x1F | 0x7F => Class::Ignorable,
            _ => Class::Other,
        };
        i += 1;
    }
    table
};

/// The class of one character.
#[inline]
pub(super) fn class(c: char) -> Class {
    match ASCII.get(c as usize) {
        Some(class) => *class,
        None => wide(c as u32),
    }
}

/// A digit's value, 0 to 9.
pub(super) fn digit(c: char) -> Option<u8> {
    match class(c) {
        Class::Digit(value) => Some(value),
        _ => None,
    }
}

/// The class of a character outside ASCII.
fn wide(c: u32) -> Class {
    // Latin, Greek, Cyrillic, Hebrew letters and CJK ideographs: by far the most of what is not ASCII.
    if matches!(c, 0xBA..=0x2FF | 0x370..=0x589 | 0x4E00..=0x9FFF | 0xAC00..=0xD7FF) {
        return if c == 0x2D7 { Class::Plain } else { Class::Other };
    }
    let block = ZEROS.partition_point(|zero| *zero <= c);
    if let Some(value) = block.checked_sub(1).and_then(|i| ZEROS.get(i)).map(|zero| c - zero)
        && value < 10
    {
        return Class::Digit(value as u8);
    }
    if let Some((first, _, value)) = LIKE_DIGITS.iter().find(|(first, last, _)| (*first..=*last).contains(&c)) {
        return Class::Digit(value + (c - first) as u8);
    }
    match c {
        // Zs, then Pd, then Pc (a dash of ours: minus, hyphen bullet, long-vowel mark, box line), dots, braille blank.
        0xA0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Class::Plain,
        0x58A | 0x5BE | 0x1400 | 0x1806 | 0x2010..=0x2015 | 0x2E17 | 0x2E1A | 0x2E3A | 0x2E3B | 0x2E40 | 0x2E5D => {
            Class::Plain
        }
        0x301C | 0x3030 | 0x30A0 | 0xFE31 | 0xFE32 | 0xFE58 | 0xFE63 | 0xFF0D | 0x10D6E | 0x10EAD => Class::Plain,
        0x203F | 0x2040 | 0x2054 | 0xFE33 | 0xFE34 | 0xFE4D..=0xFE4F | 0xFF3F => Class::Plain,
        0x2043 | 0x2212 | 0x2500 | 0x2501 | 0x30FC | 0xFF5E | 0x2800 => Class::Plain,
        0xB7 | 0x2024 | 0x2027 | 0x22C5 | 0x3002 | 0x30FB | 0xFF0E | 0xFF61 => Class::Plain,
        0x85 | 0x2028 | 0x2029 => Class::Line,
        0xB4 | 0x2018 | 0x2019 | 0x2044 | 0x2215 | 0x3001 | 0xFF08 | 0xFF09 | 0xFF0A | 0xFF0C | 0xFF0F | 0xFF1A
        | 0xFF5C => Class::Weak,
        0xFF0B => Class::Plus,
        0x300..=0x36F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => Class::Mark,
        // Default_Ignorable_Code_Point and the second half of the control characters.
        0x80..=0x9F | 0xAD | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F => {
            Class::Ignorable
        }
        0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFF8 => Class::Ignorable,
        0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF => Class::Ignorable,
        _ => Class::Other,
    }
}

/// Whether the text may hold `least` digits: never wrong when it says no.
///
/// Counts ASCII digits and the first bytes of those UTF-8 sequences that can be a digit; this is the whole cost of
/// most messages, so the loop has no branch and the compiler makes vector code of it.
pub(super) fn may_hold_digits(text: &[u8], least: usize) -> bool {
    let mut count = 0_usize;
    for chunk in text.chunks(192) {
        let mut here = 0_u8;
        for &b in chunk {
            let ascii = b.wrapping_sub(b'0') < 10;
            // U+00B2 (C2), U+0660 (D9), U+06F0 (DB), U+07C0 (DF), U+0800… (E0–E2), U+A620… (EA), U+AA50, U+ABF0
            // (EA), U+FF10 (EF), everything beyond the BMP (F0).
            let wide = (b == 0xC2) | (b == 0xD9) | (b == 0xDB) | (b.wrapping_sub(0xDF) < 4) | (b == 0xEA) | (b > 0xEE);
            here += u8::from(ascii | wide);
        }
        count += usize::from(here);
    }
    count >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_digit_has_its_value() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS.iter().copied().chain([0x30]) {
            for value in 0..10 {
                let c = char::from_u32(zero + u32::from(value)).unwrap();
                // `is_numeric` is the standard library's only word on Nd, Nl and No together.
                assert!(c.is_numeric(), "U+{zero:04X}+{value}");
                assert_eq!(digit(c), Some(value));
                assert!(may_hold_digits(c.to_string().as_bytes(), 1));
            }
        }
    }

    #[test]
    fn the_first_look_never_overlooks_a_digit() {
        let digits: Vec<char> = (0..=0x10_FFFF).filter_map(char::from_u32).filter(|c| digit(*c).is_some()).collect();
        assert_eq!(digits.len(), 10 * (ZEROS.len() + 1) + 59);
        for c in digits {
            assert!(may_hold_digits(c.to_string().as_bytes(), 1), "{c}");
            assert!(c.is_numeric(), "{c}");
        }
    }
}
