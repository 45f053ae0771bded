//! Codes of a second factor that an app on a phone computes from a shared secret and the time (RFC 6238): SHA-1, six digits,
//! half a minute each, which is what all such apps know.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use domain::Timestamp;
use zeroize::Zeroizing;

use crate::{digest, random};

const SECRET: usize = 20;
const STEP_SECONDS: i64 = 30;
const MODULUS: u32 = 1_000_000;
/// Codes of so many steps before and after are taken too: clocks differ, and typing takes its time (RFC 6238, section 5.2).
const DRIFT: i64 = 1;

/// What server and phone share. Wiped on drop, never printed.
pub struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// A new one of 160 bits (RFC 4226, section 4).
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes::<SECRET>().to_vec()))
    }

    /// As it was stored; none where that is of another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == SECRET).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    /// As it was shown, however somebody typed it.
    pub fn from_text(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        Self::from_bytes(&Zeroizing::new(BASE32_NOPAD.decode(text.as_bytes()).ok()?))
    }

    /// To be sealed.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// To be shown once.
    pub fn text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What a phone's camera reads: the secret, and what to call it. `issuer` and `account` may be anything.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escaped(issuer), escaped(account));
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.text())
    }

    /// What the phone shows.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.code(now.0.div_euclid(1_000_000 * STEP_SECONDS))
    }

    /// The step whose code this is, about now.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let step = now.0.div_euclid(1_000_000 * STEP_SECONDS);
        // All are compared, so that time says nothing about which.
        let fits = |step: &i64| digest::equal(self.code(*step).as_bytes(), digits.as_bytes());
        (step - DRIFT..=step + DRIFT).rfind(fits)
    }

    /// The code of a step (RFC 4226, section 5.3).
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let from = usize::from(tag[tag.len() - 1] & 0xf);
        let number = tag[from..from + 4].iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
        format!("{:06}", (number & 0x7fff_ffff) % MODULUS)
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// Percent-encoded (RFC 3986): nothing of it can be taken for another part of the address.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The last six digits of the eight that the appendix lists.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_half_a_minute_early_and_late_and_no_longer() {
        let good = |seconds| secret().step_of("287082", at(seconds)).is_some();
        assert_eq!([-1, 0, 30, 89, 90].map(good), [false, true, true, true, false]);
        assert_eq!(secret().step_of("287 082", at(59)), Some(1), "as phones show it");
        for wrong in ["287083", "", "28708", "2870820", "２８７０８２", "abcdef"] {
            assert_eq!(secret().step_of(wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_read_as_it_was_shown() {
        let made = TotpSecret::generate();
        assert_eq!(made.text().len(), 32);
        assert_eq!(TotpSecret::from_text(&made.text().to_lowercase()).unwrap().expose(), made.expose());
        assert!(TotpSecret::from_text("MZXW6YTB").is_none() && TotpSecret::from_text("1!").is_none());
        assert!(!format!("{made:?}").contains(&made.text()));
    }

    #[test]
    fn no_name_can_change_what_the_address_says() {
        let uri = secret().uri("Müller & Söhne", "a?secret=X&issuer=:@example.de");
        assert_eq!(
            uri,
            "otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne:a%3Fsecret%3DX%26issuer%3D%3A%40example.de\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=M%C3%BCller%20%26%20S%C3%B6hne"
        );
    }
}
