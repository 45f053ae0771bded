//! Looks through raw bytes for what could be sealed: built with optimisation also for tests, since whole disks go through it.

use data_encoding::HEXLOWER_PERMISSIVE;

/// Where a piece of this length begins that looks random. Of so many random bytes, almost all differ: a random piece is passed
/// over less than once in 100,000 times, and text, numbers and empty pages are always.
///
/// # Panics
/// For pieces that are too short to be told from text.
#[must_use]
pub fn random_looking(bytes: &[u8], length: usize) -> Vec<usize> {
    assert!(length >= 32, "{length} bytes look like anything");
    let collisions = length * (length - 1) / 512;
    let least = length - collisions - 4 * collisions.isqrt().max(1);
    let mut counts = [0_u16; 256];
    let mut distinct = 0;
    let mut found = Vec::new();
    for (end, byte) in bytes.iter().enumerate() {
        let count = &mut counts[usize::from(*byte)];
        *count += 1;
        distinct += usize::from(*count == 1);
        if let Some(gone) = end.checked_sub(length) {
            let count = &mut counts[usize::from(bytes[gone])];
            *count -= 1;
            distinct -= usize::from(*count == 0);
        }
        if end + 1 >= length && distinct >= least {
            found.push(end + 1 - length);
        }
    }
    found
}

/// What is written in digits, as logs write bytes: every run of at least so many bytes.
#[must_use]
pub fn written_in_digits(bytes: &[u8], least: usize) -> Vec<Vec<u8>> {
    let runs = bytes.split(|byte| !byte.is_ascii_hexdigit()).filter(|run| run.len() >= 2 * least);
    runs.filter_map(|run| HEXLOWER_PERMISSIVE.decode(&run[..run.len() & !1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{random_looking, written_in_digits};
    use crate::random;

    #[test]
    fn a_random_piece_is_found_in_pages_of_text_and_the_text_is_not() {
        // 60 bytes that all differ, in the midst of a page.
        let piece: Vec<u8> = (0..60_u32).map(|n| (n * 151 % 256) as u8).collect();
        let text = format!("{}{}", "INSERT INTO message VALUES (17, 'Hallo') ".repeat(60), random::word());
        let mut page = text.clone().into_bytes();
        let at = page.len();
        page.extend(&piece);
        page.extend([0; 400]);
        assert!(random_looking(&page, 60).contains(&at));
        assert!(random_looking(text.as_bytes(), 60).is_empty());
        assert!(random_looking(&page[..59], 60).is_empty());
    }

    #[test]
    fn bytes_in_a_log_are_read_from_their_digits() {
        let log = b"DETAIL: parameters: $1 = '\\x00ff10AB', $2 = 'cafe'";
        assert_eq!(written_in_digits(log, 4), [vec![0x00, 0xff, 0x10, 0xab]]);
        assert!(written_in_digits(log, 5).is_empty());
    }
}
