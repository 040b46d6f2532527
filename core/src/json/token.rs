//! What [`super::scan`] hands out: slices of the text, as they were spelled, and how they compare.

use std::collections::BTreeSet;

use super::decimal::Decimal;
use super::plain::{first_byte, special_bytes};

/// The text of one whole JSON value, as it stands in what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a>(pub(super) &'a str);

impl<'a> Token<'a> {
    /// A number.
    pub(crate) const fn of_number(number: &Decimal<'a>) -> Self {
        Self(number.as_str())
    }

    /// The value's spelling, without white space around it.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// A JSON string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The spelling, with its quotes.
    pub(super) token: Token<'a>,
    /// The characters, where the spelling has escapes.
    pub(super) decoded: Option<Characters>,
}

/// The characters of a string that has escapes. Boxed twice, so that all other texts are shorter by
/// a quarter: most of a document are texts.
pub(super) type Characters = Box<Box<str>>;

impl<'a> Text<'a> {
    /// The string's spelling, with its quotes and escapes.
    #[must_use]
    pub const fn token(&self) -> Token<'a> {
        self.token
    }

    /// Whether it has no characters.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        // An escape stands for a character: only two quotes stand for none.
        self.token.0.len() == 2
    }

    /// The characters that the string stands for.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.decoded.as_ref().map_or_else(|| unquoted(self.token.0), |decoded| decoded.as_ref())
    }
}

/// The key of a field, until [`super::Scanner::takes`] or [`super::Scanner::text_of`] passes it.
#[derive(Debug)]
pub(crate) struct Key {
    /// For comparison.
    pub(super) name: Name,
    /// Where its spelling starts and ends, quotes included.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The characters, where the spelling has escapes.
    pub(super) decoded: Option<Characters>,
    /// The colon follows the key, and the scanner is before both.
    pub(super) is_ahead: bool,
}

/// A field's name as two numbers, so that comparing two takes no call: up to 15 bytes and the quote
/// that ends them, first byte lowest. The quote tells names apart that differ in length alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    low: u64,
    high: u64,
}

impl Name {
    /// Stands for all names of 16 bytes and more; no short one is without its quote.
    pub(super) const LONG: Self = Self { low: 0, high: 0 };

    /// Of a name in characters.
    pub(crate) const fn of(name: &str) -> Self {
        const QUOTE: u64 = u64::from_le_bytes([b'"', 0, 0, 0, 0, 0, 0, 0]);
        let (mut low, mut high) = (QUOTE, 0);
        let mut rest = name.as_bytes();
        if rest.len() > 15 {
            return Self::LONG;
        }
        while let [first @ .., last] = rest {
            high = (high << 8) | (low >> 56);
            low = (low << 8) | u64::from_le_bytes([*last, 0, 0, 0, 0, 0, 0, 0]);
            rest = first;
        }
        Self { low, high }
    }

    /// Of the bytes that follow a key's first quote, as two words, and how many come before the
    /// next one; `None` where these two words hold no quote, backslash or control character.
    pub(super) fn packed(low: u64, high: u64) -> Option<(Self, usize)> {
        let in_low = special_bytes(low);
        if in_low != 0 {
            return Some((Self { low: low & up_to(in_low), high: 0 }, first_byte(in_low)));
        }
        let in_high = special_bytes(high);
        let length = first_byte(in_high).checked_add(8)?;
        (in_high != 0).then_some((Self { low, high: high & up_to(in_high) }, length))
    }
}

/// The bits up to the lowest one, which is set, with itself.
const fn up_to(bits: u64) -> u64 {
    bits ^ bits.wrapping_sub(1)
}

/// Whether two of the keys stand for the same characters.
pub(crate) fn has_duplicate<'k, 'a: 'k>(
    keys: impl ExactSizeIterator<Item = &'k Text<'a>> + Clone,
) -> bool {
    /// Up to here comparing each pair is cheaper than sorting, and allocates nothing.
    const PAIRWISE: usize = 8;

    if keys.len() <= PAIRWISE {
        let same = |(index, key): (usize, &Text<'_>)| {
            keys.clone().take(index).any(|earlier| earlier.as_str() == key.as_str())
        };
        return keys.clone().enumerate().any(same);
    }
    // Half as fast as sorting, for what is rare, and 6 kB less of the module. Both are
    // linearithmic.
    let mut seen = BTreeSet::new();
    keys.into_iter().any(|key| !seen.insert(key.as_str()))
}

pub(super) fn unquoted(token: &str) -> &str {
    token.get(1..token.len().saturating_sub(1)).unwrap_or(token)
}
