//! Checks of short texts that people type into settings.

/// Why a text was refused. Each says what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than allowed.
    #[error("must be at most {0} characters long")]
    TooLong(usize),
    /// Contains a control character, such as a line break or a change of direction, where none belongs.
    #[error("must not contain control characters or line breaks")]
    Control,
}

/// One line, trimmed, of 1 to `most` characters.
///
/// # Errors
/// [`TextError`] with the rule that was broken.
pub fn line(text: &str, most: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > most {
        return Err(TextError::TooLong(most));
    }
    if text.chars().any(|c| c.is_control() || is_break_or_turn(c)) {
        return Err(TextError::Control);
    }
    Ok(text.to_owned())
}

/// Line and paragraph separators, and what turns the direction of everything behind it: a name stands in lines with other
/// words, and must not make those read as something else. The marks that right-to-left names need are none of these.
const fn is_break_or_turn(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An e-mail address as far as it can be judged without sending to it, lower-cased: one `@` with something before it
/// and something with a dot, or `localhost`, after it.
pub fn email(text: &str) -> Option<String> {
    let text = line(text, 254).ok()?.to_lowercase();
    let (local, host) = text.split_once('@')?;
    let fine = !local.is_empty()
        && (host == "localhost" || host.split('.').count() > 1 && host.split('.').all(|part| !part.is_empty()))
        && !text.contains(char::is_whitespace)
        && !host.contains('@');
    fine.then_some(text)
}

/// A colour as six hex digits after `#`.
pub fn colour(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#')?;
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

/// An origin such as `https://www.example.de` or `http://shop.localhost:8080`: scheme, host, port, nothing else. It is
/// written into the `frame-ancestors` of a policy, so that what could end the directive (`;`, `,`, white space, quotes)
/// must not pass.
pub fn origin(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let labels = name.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    // As a browser writes it: digits without a leading zero or sign, and no default port.
    let default = if text.starts_with("https") { "443" } else { "80" };
    let port = port.is_none_or(|port| {
        port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port) && port != default
    });
    (labels && port && text.len() <= 253).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!(line("  Nordlicht ", 80).as_deref(), Ok("Nordlicht"));
        assert_eq!(line(" \t", 80), Err(TextError::Empty));
        assert_eq!(line("äöü", 2), Err(TextError::TooLong(2)));
        assert_eq!(line("a\nb", 80), Err(TextError::Control));
    }

    #[test]
    fn a_name_does_not_turn_around_what_stands_beside_it() {
        assert_eq!(line("\u{5e9}\u{5dc}\u{200f}!", 80).as_deref(), Ok("\u{5e9}\u{5dc}\u{200f}!"));
        for turn in ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{2028}'] {
            assert_eq!(line(&format!("Lena{turn}x"), 80), Err(TextError::Control), "{turn:?}");
        }
    }

    #[test]
    fn an_email_needs_both_sides() {
        assert_eq!(email(" Anna@Example.DE ").as_deref(), Some("anna@example.de"));
        for bad in ["anna", "@example.de", "anna@", "anna@x", "a b@example.de", "a@b@c.de", "a@b..de"] {
            assert_eq!(email(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_hostile_origin_cannot_end_the_policy() {
        assert_eq!(origin("https://www.Example.de/").as_deref(), Some("https://www.example.de"));
        assert_eq!(origin("http://shop.localhost:8080").as_deref(), Some("http://shop.localhost:8080"));
        for bad in [
            "https://a; script-src *",
            "https://a,b",
            "https://*.de",
            "javascript:alert(1)",
            "https://a/path",
            "https://a:0",
            "https://a:+80",
            "https://a:443",
            "http://a:080",
            "https://",
            "https://a'b",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
