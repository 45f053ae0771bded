//! Payment card numbers.
//!
//! **Rule.** A number is taken for a card when its length fits the issuer range of its first four digits, its check
//! digit is right (Luhn, ISO/IEC 7812-1 annex B) and it *stands* like a number of its own. One in ten of all numbers
//! has a right check digit and four in ten of those with sixteen digits begin like a card, so the third condition is
//! what keeps order, parcel and account numbers readable. Where it is in doubt, the number is masked: a masked order
//! number costs a question, a stored card number is a breach.
//!
//! **Digits.** Every decimal digit of Unicode, and superscript, circled and similar ones (`chars`).
//!
//! **Run.** Digits with at most [`MAX_GAP`] separators between two of them. Whatever shows nothing (zero-width
//! characters, soft hyphens, keycaps) doesn't count and doesn't end a group. A letter ends a run, so `Nr4242…4242x`
//! is a run of sixteen; letters around a number say nothing against it (in a hexadecimal hash, runs of thirteen and
//! more digits are too rare to matter). Three things end a run as well, because they say what the digits are: an IBAN
//! with right check digits, a UUID, a parcel number of UPS (`regions`).
//!
//! **A card within a run** starts where a group starts, never within a group (`991234242424242424242` is no card; a
//! number glued to the end of another can't be told from chance: one of fifty tracking numbers would be masked). Then
//! one of:
//!
//! 1. *Usual form*, anywhere in the run: one unbroken group, or groups of four (`4-4-4-4`, Amex and Diners also
//!    `4-6-5`, `4-6-4`), ending where a group ends. Any separators, even slashes and commas; line breaks may come on
//!    top. `4711 4242 4242 4242 4242 12/27 123` is found. But groups parted by nothing but line breaks, with
//!    another line of digits next to them, are a column of numbers.
//! 2. *Any form*, only from the start of the run to its end, or to a plausible rest: an expiry date, a security code,
//!    or both. `42 424.242_4242-424 2`, `4242424242424242` directly followed by `1227123` (then its own last four
//!    digits must be unbroken). Without slashes, commas and the like: they make lists, times and coordinates of
//!    separate numbers. Not with 17 or 18 digits, which hardly any card has and Amazon's orders have.
//!
//! **Not a card**, though the check digit is right:
//! - a decimal fraction (`0.5300000000000001`) or a pair of coordinates (`48.137154 11.576124`): a single `.` or `,`
//!   before an unbroken number, or in any form after one to three digits and before four,
//! - up to fifteen digits (the limit of E.164) directly behind a plus sign: a telephone number,
//! - thirteen digits that are a valid EAN-13 (ISO/IEC 15420; German ones begin with 4 like Visa) or begin with 43 or
//!   49 (Austrian, German telephone numbers without the plus sign). Visa gives out no such numbers any more,
//! - Maestro's lengths 12–15, 17, 18, thirteen-digit Visa: only alone in their run; Maestro's only in groups of four.
//!   Numbers of twelve digits are everywhere,
//! - any-form runs that begin with a date (`23.03.2025 14 30 4711`; Mastercard has 2221 to 2720).
//! - Not among the issuers: UATP (begins with 1 like every timestamp).
//!
//! **Overlapping finds** are masked as one. **Stable:** after masking, the four readable digits and what follows may
//! look like a card again; so the search goes on over what will stand there, until nothing is found.

use super::chars::{Class, class, digit};
use super::{Kind, Span};

/// Fewest digits of a card number (Maestro; ISO/IEC 7812-1 allows fewer, nobody uses them).
pub(super) const MIN_DIGITS: usize = 12;
/// Most digits of a card number, ISO/IEC 7812-1.
const MAX_DIGITS: usize = 19;
/// Most visible separators between two digits of one number: ` - ` and a line end with blanks around fit.
const MAX_GAP: u32 = 4;

// What stands before a digit: a set of these. Empty: it directly follows the digit before.
const PLAIN: u8 = 1;
const LINE: u8 = 2;
const WEAK: u8 = 4;
/// Something that ends a run, or the start of the text.
const BREAK: u8 = 8;
/// That something is a plus sign.
const PLUS: u8 = 16;
/// Exactly one visible character, `.` or `,`.
const POINT: u8 = 32;

/// One digit of a run.
#[derive(Clone, Copy)]
struct Digit {
    value: u8,
    /// What stands before it.
    gap: u8,
    start: usize,
    /// Behind it and the marks that sit on it.
    end: usize,
}

/// Adds the card numbers of `text` to `spans`, in order.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let mut digits = Vec::new();
    let (mut from, mut count, mut gap, mut plus) = (0, 0, 0, false);
    // Whether the run that would start now does so behind a plus sign.
    let mut plus_before = false;
    for (at, c) in text.char_indices() {
        let ends = match class(c) {
            Class::Digit(_) => {
                if count == 0 {
                    (from, plus) = (at, plus_before);
                }
                count += 1;
                gap = 0;
                continue;
            }
            Class::Mark | Class::Ignorable => continue,
            Class::Plain | Class::Line | Class::Weak => {
                gap += 1;
                if count == 0 || gap <= MAX_GAP {
                    continue;
                }
                false
            }
            Class::Plus => true,
            Class::Other => false,
        };
        if count >= MIN_DIGITS {
            run(text, from, at, plus, &mut digits, spans);
        }
        count = 0;
        plus_before = ends;
    }
    if count >= MIN_DIGITS {
        run(text, from, text.len(), plus, &mut digits, spans);
    }
}

/// Appends `•••• 4242` for the card number `found`.
pub(super) fn write_masked(found: &str, out: &mut String) {
    let mut last = ['0'; 4];
    for (place, value) in last.iter_mut().rev().zip(found.chars().rev().filter_map(digit)) {
        *place = char::from(b'0' + value);
    }
    out.push_str("•••• ");
    out.extend(last);
}

/// Searches one run of digits, `text[from..to]`.
fn run(text: &str, from: usize, to: usize, plus: bool, digits: &mut Vec<Digit>, spans: &mut Vec<Span>) {
    read(text, from, to, plus, digits);
    let first_span = spans.len();
    let mut found: Vec<(usize, usize)> = Vec::new();
    loop {
        found.clear();
        for i in 0..digits.len() {
            if let Some(length) = longest(digits, i) {
                match found.last_mut() {
                    Some((_, end)) if i < *end => *end = (*end).max(i + length),
                    _ => found.push((i, i + length)),
                }
            }
        }
        if found.is_empty() {
            break;
        }
        // Now the digits become those of the masked text: of each find the last four, unbroken, behind a bullet.
        for &(a, b) in found.iter().rev() {
            let (start, end) = (digits[a].start, digits[b - 1].end);
            // A find that starts with the readable digits of an earlier one makes that one longer.
            match spans.iter_mut().skip(first_span).find(|span| span.start == start) {
                Some(span) => span.end = end,
                None => spans.push(Span { kind: Kind::Card, start, end }),
            }
            digits[b - 4].start = start;
            digits[b - 4].gap = BREAK;
            for d in &mut digits[b - 3..b] {
                d.gap = 0;
            }
            digits.drain(a..b - 4);
        }
    }
    spans[first_span..].sort_unstable_by_key(|span| span.start);
}

/// Reads the digits of a run and what stands before each. Digits within one of the `regions` are left out and end the run.
fn read(text: &str, from: usize, to: usize, plus: bool, digits: &mut Vec<Digit>) {
    digits.clear();
    digits.reserve((to - from).min(64));
    let regions = regions(text, from, to);
    let mut gap = if plus { BREAK | PLUS } else { BREAK };
    let (mut visible, mut point) = (0_u32, false);
    for (at, c) in text[from..to].char_indices() {
        let at = from + at;
        let what = match class(c) {
            Class::Digit(value) if !regions.iter().any(|r| r.contains(&at)) => {
                if visible == 1 && point && gap & BREAK == 0 {
                    gap |= POINT;
                }
                digits.push(Digit { value, gap, start: at, end: at + c.len_utf8() });
                (gap, visible) = (0, 0);
                continue;
            }
            Class::Mark => {
                if let (0, Some(last)) = (gap, digits.last_mut()) {
                    last.end = at + c.len_utf8();
                }
                continue;
            }
            Class::Ignorable => continue,
            Class::Plain => PLAIN,
            Class::Line => LINE,
            Class::Weak => WEAK,
            Class::Digit(_) | Class::Plus | Class::Other => BREAK,
        };
        if what == BREAK {
            gap = BREAK;
        } else {
            gap |= what;
            visible += 1;
            point = matches!(c, '.' | ',');
        }
    }
}

/// Length of the longest card number that starts with digit `i`.
fn longest(digits: &[Digit], i: usize) -> Option<usize> {
    let rest = &digits[i..];
    let [first, a, b, c, ..] = rest else { return None };
    if first.gap == 0 || (a.gap | b.gap | c.gap) & BREAK != 0 {
        return None;
    }
    let at_start = first.gap & BREAK != 0;
    // Only the usual forms are left, and they have no break within the first four but those of lines.
    if !at_start && (a.gap | b.gap | c.gap) & (PLAIN | WEAK) != 0 {
        return None;
    }
    let prefix = [a, b, c].iter().fold(u32::from(first.value), |p, d| p * 10 + u32::from(d.value));
    let (lengths, strict) = issuer(prefix)?;
    let mut best = None;
    // Sets of places where there is a gap: bit k for "before the k-th digit".
    let (mut plain, mut weak, mut line, mut point) = (0_u32, 0_u32, 0_u32, 0_u32);
    // Sums with every second digit doubled: of a number whose last digit has an even index, and an odd one.
    let mut sums = [0_u32; 2];
    for (k, d) in rest.iter().take(MAX_DIGITS).enumerate() {
        if k > 0 {
            if d.gap & BREAK != 0 {
                break;
            }
            let bit = 1 << k;
            if d.gap & WEAK != 0 {
                weak |= bit;
            } else if d.gap & LINE != 0 {
                line |= bit;
            } else if d.gap != 0 {
                plain |= bit;
            }
            if d.gap & POINT != 0 {
                point |= bit;
            }
        }
        let value = u32::from(d.value);
        let doubled = if value > 4 { value * 2 - 9 } else { value * 2 };
        sums[k & 1] += value;
        sums[(k & 1) ^ 1] += doubled;

        let n = k + 1;
        let length_bit = 1 << n;
        if (lengths | strict) & length_bit == 0 || sums[k & 1] % 10 != 0 {
            continue;
        }
        let all = plain | weak | line;
        if (first.gap & PLUS != 0 && n <= 15) || (first.gap & POINT != 0 && all == 0) {
            continue;
        }
        let next = rest.get(n).map_or(BREAK, |d| d.gap);
        let ends_line = |gap: u8| gap & (LINE | WEAK | BREAK) == LINE;
        let at_group_end = next != 0;
        let alone = || at_start && is_tail(rest, n);
        // A gap at every usual place, and none elsewhere but those of lines. If all are lines, it must not look like a
        // part of a column.
        let cuts = plain | weak;
        let column = cuts == 0 && (ends_line(first.gap) || ends_line(next));
        let fits = |places: u32| {
            let places = places & (length_bit - 1);
            !column && cuts & !places == 0 && all != 0 && places & !all == 0
        };
        let usual = fits(0x1_1110) || (matches!(n, 14 | 15) && fits(0x410)) || (n == 13 && fits(0x490));
        let accepted = if strict & length_bit != 0 {
            at_group_end && usual && alone()
        } else if n == 13 {
            let unbroken = all == 0 && !matches!(prefix / 100, 43 | 49) && !is_ean(rest);
            at_group_end && (usual || unbroken) && alone()
        } else if at_group_end && (all == 0 || usual) {
            true
        } else {
            let head = all.trailing_zeros();
            let decimal = head < 4 && point & (1 << head) != 0 && (all >> (head + 1)) & 7 == 0;
            let date = point & 0x14 == 0x14 && (all & 0x7E == 0x54 || all & 0x1FE == 0x114) && b.value < 2;
            let ends = at_group_end || (n > 14 && all >> (n - 3) == 0);
            !matches!(n, 17 | 18) && ends && weak == 0 && !decimal && !date && alone()
        };
        if accepted {
            best = Some(n);
        }
    }
    best
}

/// The lengths of the issuers with these first four digits, as two sets (bit n: n digits): those to take, and those to
/// take only alone and in groups of four.
///
/// Sources: ISO/IEC 7812-1 with the networks' public ranges: Visa 4; Mastercard 51–55, 2221–2720; American Express 34,
/// 37; Diners Club 300–305, 3095, 36, 38, 39; Discover 6011, 622126–622925, 644–649, 65; JCB 3528–3589; UnionPay 62,
/// 81; Maestro and domestic debit (girocard, Dankort, RuPay, Verve, InterPayment) 50, 56–69; RuPay 81, 82; Mir
/// 2200–2204, Borica 2205; Troy 9792; Uzcard 8600, Humo 9860, Belkart 9112, Napas 9704.
fn issuer(prefix: u32) -> Option<(u32, u32)> {
    const fn to(first: u32, last: u32) -> u32 {
        (2 << last) - (1 << first)
    }
    const MAESTRO: u32 = to(12, 15) | to(17, 18);
    Some(match prefix {
        2200..=2205 | 3528..=3589 | 6200..=6299 | 8100..=8299 => (to(16, 19), 0),
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => (1 << 14 | to(16, 19), 0),
        3400..=3499 | 3700..=3799 => (1 << 15, 0),
        4000..=4999 => (1 << 13 | 1 << 16 | 1 << 19, 0),
        5000..=5099 | 5600..=6999 => (1 << 16 | 1 << 19, MAESTRO),
        2221..=2720 | 5100..=5599 | 8600 | 9112 | 9792 | 9860 => (1 << 16, 0),
        9704 => (1 << 16 | 1 << 19, 0),
        _ => return None,
    })
}

/// Whether thirteen digits are a valid EAN-13.
fn is_ean(digits: &[Digit]) -> bool {
    let weighted = digits.iter().zip([1, 3].into_iter().cycle()).take(13).map(|(d, w)| u32::from(d.value) * w);
    weighted.sum::<u32>() % 10 == 0
}

/// Whether what follows the first `n` digits up to the end of their run is what people write behind a card number:
/// nothing, a security code of three digits, or month and year and perhaps a security code.
fn is_tail(digits: &[Digit], n: usize) -> bool {
    let tail = &digits[n..];
    let count = tail.iter().position(|d| d.gap & BREAK != 0).unwrap_or(tail.len());
    let v = |i: usize| tail.get(i).map_or(0, |d| d.value);
    let decade = match count {
        0 | 3 => return true,
        4 | 7 | 8 => v(2),
        6 | 9 | 10 if (v(2), v(3)) == (2, 0) => v(4),
        _ => return false,
    };
    (1..=12).contains(&(v(0) * 10 + v(1))) && (2..=4).contains(&decade)
}

/// Parts of the text around `from..to` whose digits are something else, beyond doubt.
fn regions(text: &str, from: usize, to: usize) -> Vec<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    // Digits are ASCII in the masked text, and marks gone: what starts behind them has to start there as well.
    let clings = |c: char| c.is_numeric() || class(c) == Class::Mark;
    // The longest region that starts before the run: an IBAN of 34 characters with a no-break space before each.
    // A letter behind an end says that it goes on; a digit says nothing, for it may become a bullet.
    let letter = |at: usize| word(at) && !bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut found = Vec::new();
    for at in from.saturating_sub(34 * 3)..to {
        if word(at)
            && !(at > 0 && word(at - 1))
            && !text.get(..at).and_then(|t| t.chars().next_back()).is_some_and(clings)
            && let Some(end) = [uuid, ups, iban].iter().find_map(|f| f(bytes, at).filter(|end| !letter(*end)))
        {
            found.push(at..end);
        }
    }
    found
}

/// End of the UUID that starts at `at` (RFC 9562: groups of 8, 4, 4, 4, 12 hexadecimal digits, hyphens between).
fn uuid(bytes: &[u8], at: usize) -> Option<usize> {
    let slice = bytes.get(at..at + 36)?;
    let right = |(i, b): (usize, &u8)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() };
    slice.iter().enumerate().all(right).then_some(at + 36)
}

/// End of the UPS tracking number that starts at `at`: `1Z` and sixteen letters or digits, single spaces allowed.
fn ups(bytes: &[u8], at: usize) -> Option<usize> {
    let [b'1', b'Z' | b'z'] = bytes.get(at..at + 2)? else { return None };
    let mut end = at + 2;
    for _ in 0..16 {
        end += usize::from(bytes.get(end) == Some(&b' '));
        bytes.get(end).filter(|b| b.is_ascii_alphanumeric())?;
        end += 1;
    }
    Some(end)
}

/// Countries whose IBAN has twelve and more digits in a row, and its length there (SWIFT IBAN registry). The others'
/// numbers are broken up by letters.
const IBAN_LENGTHS: &[u8] =
    b"AT20BE16BG22CH21CZ24DE22DK18EE20ES24FI18FR27GB22GR27HR21HU28IE22IT27LI21LT20LU20NL18NO15PL28PT25RO24SE24SI19SK24";

/// End of the IBAN that starts at `at`, if its check digits are right (ISO 13616-1, ISO/IEC 7064 MOD 97-10); a space,
/// no-break space or hyphen may stand before each character from the fifth on.
fn iban(bytes: &[u8], at: usize) -> Option<usize> {
    let head = bytes.get(at..at + 4)?;
    let country = [head[0].to_ascii_uppercase(), head[1].to_ascii_uppercase()];
    let [_, _, ten, one] = IBAN_LENGTHS.as_chunks::<4>().0.iter().find(|entry| entry[..2] == country)?;
    if !head[2].is_ascii_digit() || !head[3].is_ascii_digit() {
        return None;
    }
    let length = (ten - b'0') * 10 + (one - b'0');
    let value = |b: u8| char::from(b).to_digit(36);
    let step = |r: u32, v: u32| (r * if v > 9 { 100 } else { 10 } + v) % 97;
    let (mut end, mut r) = (at + 4, 0);
    for _ in 4..length {
        end += match bytes.get(end..)? {
            [b' ' | b'-', ..] => 1,
            [0xC2, 0xA0, ..] => 2,
            _ => 0,
        };
        r = step(r, value(*bytes.get(end)?)?);
        end += 1;
    }
    for b in head {
        r = step(r, value(*b)?);
    }
    (r == 1).then_some(end)
}
