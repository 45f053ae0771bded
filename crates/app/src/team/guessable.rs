//! Passwords that are long enough and guessed all the same: what lists of leaked passwords are full of, and what somebody would
//! try who knows for whom they guess. Offline; a larger list may be named in the configuration ([`Leaked`]).
//!
//! Rather than a list of whole passwords, what they are made of: words that stand in all such lists, rows of keys,
//! repetitions, years and signs around them. So `Willkommen2024!!` is refused as well as the one with 2031.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that leaked passwords are made of.
static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("guessable_words.txt").split_whitespace().collect());

/// Whole ones that no rule below finds.
const WHOLE: [&str; 10] = [
    "correcthorsebatterystaple1",
    "thequickbrownfox",
    "maytheforcebewithyou",
    "tobeornottobe",
    "openthedoor",
    "opensesame",
    "nevergonnagiveyouup",
    "winteriscoming",
    "hakunamatata",
    "supercalifragilistic",
];

/// Rows of keys and of the alphabet; read backwards, too.
const ROWS: [&str; 12] = [
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopüasdfghjklöäyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "abcdefghijklmnopqrstuvwxyz",
    "012345678901234567890",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qaywsxedcrfvtgbzhnujmikolp",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1qay2wsx3edc4rfv5tgb6zhn7ujm8ik9ol0p",
    "q1w2e3r4t5z6u7i8o9p0",
];

/// How many words of the list, or of those that somebody knows, do not make a password.
const FEW_WORDS: usize = 3;
/// A part of a row that is short enough could be a word of its own.
const RUN: usize = 4;
/// Letters besides guessable parts: with more of them, nobody finds the rest by a list.
const REST: usize = 3;

/// Whether somebody would try this early. `known` is what stands around: organisation, name, address.
pub(super) fn is_guessable(password: &str, known: &[&str]) -> bool {
    let plain: String = password.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let words = known_words(known);
    [plain.clone(), unleeted(&plain)].iter().any(|text| {
        is_repetition(text)
            || WHOLE.iter().any(|whole| letters(text).starts_with(whole))
            || is_made_of_few(text, &words)
    })
}

/// What somebody tries who knows the organisation and the address.
fn known_words(known: &[&str]) -> HashSet<String> {
    let parts = known.iter().flat_map(|text| {
        let text = text.to_lowercase();
        let parts: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        parts.into_iter().chain([text.chars().filter(|c| c.is_alphanumeric()).collect()])
    });
    parts.filter(|part| part.chars().count() >= RUN).collect()
}

/// Figures and signs that stand for letters.
fn unleeted(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' | '|' => 'i',
            '3' | '€' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            '8' => 'b',
            other => other,
        })
        .collect()
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// A short piece again and again, or very few different signs.
fn is_repetition(text: &str) -> bool {
    let signs: Vec<char> = text.chars().collect();
    let period = (1..=signs.len() / 2).find(|period| signs.iter().skip(*period).zip(&signs).all(|(a, b)| a == b));
    period.is_some_and(|period| period <= 6) || signs.iter().collect::<HashSet<_>>().len() <= 3
}

/// Few words of lists, rows of keys, figures and signs, and next to nothing else.
fn is_made_of_few(text: &str, known: &HashSet<String>) -> bool {
    let signs: Vec<char> = text.chars().collect();
    // For each place the cheapest way there: letters that nothing explains, then words.
    let mut ways: Vec<Option<(usize, usize)>> = vec![None; signs.len() + 1];
    ways[0] = Some((0, 0));
    for at in 0..signs.len() {
        let Some((rest, words)) = ways[at] else { continue };
        let mut reach = |end: usize, way: (usize, usize)| {
            if ways[end].is_none_or(|other| way < other) {
                ways[end] = Some(way);
            }
        };
        // Figures and signs cost nothing: years, dates and an exclamation mark are tried first.
        let is_letter = signs[at].is_alphabetic();
        reach(at + 1, (rest + usize::from(is_letter), words));
        for end in at + 2..=signs.len() {
            let part: String = signs[at..end].iter().collect();
            let is_word = WORDS.contains(part.as_str()) || known.contains(&part);
            if is_word || (end - at >= RUN && is_run(&part)) {
                reach(end, (rest, words + 1));
            }
        }
    }
    ways[signs.len()].is_some_and(|(rest, words)| words <= FEW_WORDS && rest <= REST && (words > 0 || rest == 0))
}

fn is_run(part: &str) -> bool {
    let backwards: String = part.chars().rev().collect();
    ROWS.iter().any(|row| row.contains(part) || row.contains(&backwards))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lists_of_leaked_passwords_hold_is_refused() {
        for password in [
            "passwordpassword",
            "Password1234",
            "P@ssw0rd!2024",
            "Passwort123456",
            "qwertzuiop12",
            "1q2w3e4r5t6z",
            "1qaz2wsx3edc4rfv",
            "poiuytrewq123",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghijkl",
            "iloveyou1234",
            "Willkommen2024!!",
            "Sommer2025!!",
            "letmein12345",
            "admin123admin123",
            "AdminAdmin2023",
            "michael1234567",
            "hallo hallo hallo",
            "Fussball2014!",
            "sonnenschein12",
            "ichliebedich1",
            "111122223333",
            "Dezember2024!",
            "changeme1234",
            "diskretchat1",
            "Berlin030Berlin",
        ] {
            assert!(is_guessable(password, &[]), "{password}");
        }
    }

    #[test]
    fn what_whoever_knows_them_would_try_is_refused() {
        let known = ["Nordlicht Versand", "Ada Lovelace", "ada.lovelace@nordlicht.example"];
        for password in ["Nordlicht2024!", "nordlichtversand", "AdaLovelace1815", "N0rdl1cht-2025", "lovelace.ada.12"] {
            assert!(is_guessable(password, &known), "{password}");
            assert!(password == "lovelace.ada.12" || !is_guessable(password, &["Südwind"]), "{password}");
        }
    }

    #[test]
    fn unrelated_words_and_random_signs_pass() {
        let known = ["Nordlicht Versand", "Ada Lovelace", "ada.lovelace@nordlicht.example"];
        for password in [
            "correct horse battery staple",
            "three unrelated words",
            "four words that nobody knows",
            "another long secret of mine",
            "a long enough secret",
            "Kaktus fährt Tretboot",
            "zwiebel-kamel-lampe",
            "xK9#vR2pLm7q",
            "jT4-mqX8-wLz2",
            "gelbe Gabel im Regen",
        ] {
            assert!(!is_guessable(password, &known), "{password}");
        }
    }
}
