use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    text: String,
    masked: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../testdata/redaction.json")).unwrap()
}

#[test]
fn the_vectors_are_there() {
    let all = vectors();
    assert!(all.iter().filter(|v| v.text != v.masked).count() >= 60);
    assert!(all.iter().filter(|v| v.text == v.masked).count() >= 60);
}

#[test]
fn every_vector() {
    let wrong: Vec<String> = vectors()
        .iter()
        .filter_map(|v| {
            let got = mask(&v.text).text.into_owned();
            (got != v.masked).then(|| format!("{}: {:?} instead of {:?}", v.name, got, v.masked))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for v in vectors() {
        sound(&v.text).unwrap();
    }
}

#[test]
fn nothing_to_mask_borrows() {
    assert!(matches!(mask("Wann kommt Bestellung 4711?").text, Cow::Borrowed(_)));
}

#[test]
fn debug_shows_no_text() {
    assert!(!format!("{:?}", mask("geheim 4242424242424242")).contains("geheim"));
}

#[test]
fn hostile_texts_take_linear_time() {
    for part in ["4 ", "42424242", "4242 4242 4242 4242 ", "4\n", "DE89 ", "12345678-1234-", "٤٢", "4242424242424242 4"]
    {
        let text = part.repeat(100_000 / part.len());
        let start = std::time::Instant::now();
        sound(&text).unwrap();
        assert!(start.elapsed().as_secs() < 20, "{part:?}");
    }
}

/// What holds for every text.
fn sound(text: &str) -> Result<(), TestCaseError> {
    let masked = mask(text);
    let mut done = 0;
    for span in &masked.spans {
        prop_assert!(done <= span.start && span.start < span.end);
        prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
        let digits = text[span.start..span.end].chars().filter_map(chars::digit).count();
        prop_assert!(digits >= card::MIN_DIGITS, "{digits} digits");
        done = span.end;
    }
    prop_assert_eq!(&masked.spans, &find(text));
    prop_assert_eq!(find(&masked.text), vec![], "{:?}", masked.text);
    Ok(())
}

/// A number with a right check digit.
fn luhn(mut digits: Vec<u8>) -> Vec<u8> {
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| u32::from(if i % 2 > 0 { *d } else { d * 2 % 10 + d / 5 })).sum();
    digits.push(((10 - sum % 10) % 10) as u8);
    digits
}

/// Card numbers that are in use: a prefix and a length of one issuer, the rest at random.
fn pan() -> impl Strategy<Value = Vec<u8>> {
    let issuers = vec![
        ("4", 16),
        ("4", 19),
        ("51", 16),
        ("55", 16),
        ("2221", 16),
        ("2720", 16),
        ("34", 15),
        ("37", 15),
        ("300", 14),
        ("3095", 14),
        ("36", 14),
        ("38", 16),
        ("6011", 16),
        ("644", 16),
        ("65", 16),
        ("3528", 16),
        ("3589", 19),
        ("62", 16),
        ("62", 19),
        ("81", 16),
        ("50", 16),
        ("6759", 16),
        ("67", 19),
        ("2200", 16),
        ("2204", 19),
        ("9792", 16),
        ("60", 16),
        ("82", 16),
    ];
    (select(issuers), vec(0_u8..10, 19)).prop_map(|((prefix, length), rest)| {
        luhn(prefix.bytes().map(|b| b - b'0').chain(rest).take(length - 1).collect())
    })
}

/// Up to four separators between two digits; a lone full stop among the first digits would make a decimal fraction.
fn gap() -> impl Strategy<Value = String> {
    const VISIBLE: [&str; 14] =
        [" ", "-", "_", "\u{a0}", "\u{2009}", "–", "—", "−", "·", "\t", "~", "\n", "\u{2028}", " ."];
    const HIDDEN: [&str; 7] = ["\u{200b}", "\u{ad}", "\u{2060}", "\u{20e3}", "\u{fe0f}", "\u{336}", "\u{e0041}"];
    prop_oneof![
        6 => Just(String::new()),
        2 => select(&VISIBLE).prop_map(String::from),
        1 => vec(select(&VISIBLE), 1..3).prop_map(|v| v.concat()),
        1 => vec(select(&HIDDEN), 1..9).prop_map(|v| v.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text(text in "\\PC*") {
        sound(&text)?;
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        sound(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn text_of_digits_and_separators(text in "([0-9]{1,6}|4242|5555|[ .,/+\\-\n\u{200b}\u{20e3}٤२•]|1Z|DE){0,60}") {
        sound(&text)?;
    }

    #[test]
    fn a_card_with_anything_in_between_is_found(
        pan in pan(), gaps in vec(gap(), 19), zero in select(&[0x30_u32, 0xFF10, 0x660, 0x966, 0x1D7CE, 0x1FBF0]),
        before in select(&["", "Karte ", "Nr", "Nr. ", "(", "ü", "🙂", "\"", "meine Karte:\n"]),
        after in select(&["", " bitte", "x", ")", ". Danke", "🙂", " 12/27", " 12/2028 123", "\n123"]),
    ) {
        let mut text = String::from(before);
        for (digit, gap) in pan.iter().zip(std::iter::once(String::new()).chain(gaps)) {
            text.push_str(&gap);
            text.extend(char::from_u32(zero + u32::from(*digit)));
        }
        text.push_str(after);
        sound(&text)?;
        let last: String = pan[pan.len() - 4..].iter().map(u8::to_string).collect();
        let spans = find(&text);
        prop_assert!(spans.len() == 1 && spans[0].start == before.len(), "{:?} {:?}", text, spans);
        if after.bytes().any(|b| b.is_ascii_digit()) {
            // What follows may fit a longer number by chance.
            prop_assert!(text.len() - spans[0].end <= after.len(), "{:?} {:?}", text, spans);
        } else {
            prop_assert_eq!(mask(&text).text, format!("{before}•••• {last}{after}"), "{:?}", text);
        }
    }

    #[test]
    fn a_card_as_printed_is_found_among_numbers(
        pan in pan(), separator in select(&[" ", "-", ".", "/", ", ", "\n", "\u{a0}", " - "]),
        before in "([0-9]{1,8}[ ;]){0,2}", after in "([ ;][0-9]{1,8}){0,2}",
    ) {
        let groups: Vec<String> = pan.chunks(4).map(|g| g.iter().map(u8::to_string).collect()).collect();
        // Line breaks alone make a column of numbers.
        let printed = if separator == "\n" && !(before.is_empty() && after.is_empty()) { groups.concat() } else { groups.join(separator) };
        let text = format!("Nr {before}{printed}{after} ok");
        sound(&text)?;
        // Its neighbours may make a card of their own together with parts of it; then the find is longer.
        let from = text.len() - " ok".len() - after.len() - printed.len();
        let found = find(&text).iter().any(|s| s.start <= from && from + printed.len() <= s.end);
        prop_assert!(found, "{:?} {:?}", text, find(&text));
    }
}
