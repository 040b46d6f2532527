//! What [`super::scan`] hands out: slices of the text, as they were spelled, and how they compare.

use super::decimal::Decimal;

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
    pub(super) decoded: Option<Box<str>>,
}

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
        self.decoded.as_deref().unwrap_or_else(|| unquoted(self.token.0))
    }
}

/// The key of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    pub(crate) text: Text<'a>,
    /// The same for comparison.
    pub(super) name: Name,
}

impl<'a> Key<'a> {
    pub(super) fn of(text: Text<'a>) -> Self {
        let name = Name::of(text.as_str());
        Self { text, name }
    }

    /// Whether it is this one, whose name as numbers is `name`.
    pub(crate) fn is(&self, name: Name, characters: &str) -> bool {
        self.name == name && (name != Name::LONG || self.text.as_str() == characters)
    }
}

/// A field's name as numbers, so that comparing two takes no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    low: u64,
    high: u64,
    length: usize,
}

impl Name {
    /// Stands for all names of 16 bytes and more.
    const LONG: Self = Self { low: 0, high: 0, length: usize::MAX };

    /// Of a name of less than 16 bytes.
    pub(crate) const fn of(name: &str) -> Self {
        let (mut low, mut high) = (0, 0);
        let mut rest = name.as_bytes();
        if rest.len() > 15 {
            return Self::LONG;
        }
        while let [first @ .., last] = rest {
            high = (high << 8) | (low >> 56);
            low = (low << 8) | u64::from_le_bytes([*last, 0, 0, 0, 0, 0, 0, 0]);
            rest = first;
        }
        Self { low, high, length: name.len() }
    }

    /// Of the first bytes of 16, the first of them lowest; none for all of them.
    pub(super) fn packed(low: u64, high: u64, length: usize) -> Option<Self> {
        /// The masks that keep no byte, one byte and so on.
        const KEEP: [u64; 8] = [
            0,
            0xff,
            0xffff,
            0xff_ffff,
            0xffff_ffff,
            0xff_ffff_ffff,
            0xffff_ffff_ffff,
            0xff_ffff_ffff_ffff,
        ];
        let low = KEEP.get(length).map_or(low, |keep| low & keep);
        let high = high & KEEP.get(length.saturating_sub(8))?;
        Some(Self { low, high, length })
    }
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
    let mut keys: Vec<&str> = keys.map(Text::as_str).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| matches!(pair, [left, right] if left == right))
}

fn unquoted(token: &str) -> &str {
    token.get(1..token.len().saturating_sub(1)).unwrap_or(token)
}
