//! Finding and masking values that must not be stored: `find` says where they are, `mask` takes them out.
//!
//! The browser runs the same decisions in `web/widget/src/redact.ts` before it sends; what this module says is what
//! counts. `crates/privacy/testdata/redaction.json` holds both to the same result.
//!
//! Every kind is one file with one function `find(text, &mut Vec<Span>)`. A detector works on characters, never on
//! bytes, so that a span can't cut one in two, and it must be stable under masking: whatever it would still find in
//! the masked text has to be part of the first result. A kind added later is masked after the kinds before it in
//! [`Kind`]'s order, and a span that overlaps an earlier kind's span is dropped: payment cards win, because they alone
//! can't be switched off.

mod card;
mod chars;

use std::borrow::Cow;

/// What a masked value is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Number of a payment card (primary account number, ISO/IEC 7812-1): 12 to 19 digits with a known issuer range
    /// and a right check digit (Luhn, ISO/IEC 7812-1 annex B). Always masked, last four digits readable.
    Card,
}

/// Where a value is: the half-open range `start..end` of **byte** offsets into the UTF-8 text that was searched, both
/// on character boundaries. From the value's first to its last character, separators between them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// What was found.
    pub kind: Kind,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

/// A text without the values that must not be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked<'a> {
    /// The text with every span replaced; borrowed when there was nothing to replace.
    pub text: Cow<'a, str>,
    /// What was replaced: offsets into the **original** text, sorted, without overlap.
    pub spans: Vec<Span>,
}

// The text may still hold anything personal, so it stays out of logs.
impl std::fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masked").field("bytes", &self.text.len()).field("spans", &self.spans).finish()
    }
}

/// Finds every value that must be masked; sorted by place, without overlap.
///
/// Allocates nothing unless some run of digits is long enough to be a card number. Linear in the length of the text.
#[must_use]
pub fn find(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    if chars::may_hold_digits(text.as_bytes(), card::MIN_DIGITS) {
        card::find(text, &mut spans);
    }
    spans
}

/// Replaces every value `find` reports: a card number by `•••• ` (four U+2022, a space) and its last four digits in
/// ASCII, as in `•••• 4242`.
///
/// The result holds nothing `find` would report, so masking it again changes nothing.
#[must_use]
pub fn mask(text: &str) -> Masked<'_> {
    let spans = find(text);
    if spans.is_empty() {
        return Masked { text: Cow::Borrowed(text), spans };
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in &spans {
        out.push_str(text.get(done..span.start).unwrap_or_default());
        match span.kind {
            Kind::Card => card::write_masked(text.get(span.start..span.end).unwrap_or_default(), &mut out),
        }
        done = span.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Masked { text: Cow::Owned(out), spans }
}

#[cfg(test)]
mod tests;
