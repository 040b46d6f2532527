//! What a marker's `value` says: a quantity, a range, a text or nothing.
//!
//! Owns the reading of numbers out of the sender's text. Never guesses: a spelling that is not
//! plainly a decimal or a range of two stays text, verbatim. Never changes a digit.
//! Specification: `docs/contract.md`, section 5, "Values".

use crate::decimal::Decimal;

/// A marker's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A measured number, or a bound on one (`< 0.10`).
    Quantity {
        /// How the measured number relates to `number`; `None` means it is that number.
        comparator: Option<Comparator>,
        /// The number, with the sender's digits.
        number: Decimal<'a>,
    },
    /// Two decimals, `low` not above `high`.
    Range {
        /// The lower end.
        low: Decimal<'a>,
        /// The upper end.
        high: Decimal<'a>,
    },
    /// Anything else the sender wrote, verbatim.
    Text(&'a str),
    /// The sender gave no value.
    Absent,
}

impl<'a> Value<'a> {
    /// Reads a JSON number token. A text that is none is kept as text.
    #[must_use]
    pub fn from_number(token: &'a str) -> Self {
        Decimal::parse(token)
            .map_or(Self::Text(token), |number| Self::Quantity { comparator: None, number })
    }

    /// Reads the text of a JSON string.
    ///
    /// A decimal is an optional sign, digits without needless leading zeros, and an optional `.`
    /// with digits: what is a JSON number once a `+` is dropped, so that the digits survive.
    #[must_use]
    pub fn from_text(text: &'a str) -> Self {
        let trimmed = text.trim();
        take_quantity(trimmed).or_else(|| take_range(trimmed)).unwrap_or(Self::Text(text))
    }
}

/// How a measured number relates to the one that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    /// Below the number.
    Less,
    /// The number or below.
    LessOrEqual,
    /// The number or above.
    GreaterOrEqual,
    /// Above the number.
    Greater,
}

impl Comparator {
    /// The normalised spelling, which is also FHIR's (`quantity-comparator`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

/// Every spelling of a comparator; those of two characters first, since `<` also begins `<=`.
const COMPARATORS: [(&str, Comparator); 8] = [
    ("<=", Comparator::LessOrEqual),
    ("=<", Comparator::LessOrEqual),
    ("≤", Comparator::LessOrEqual),
    (">=", Comparator::GreaterOrEqual),
    ("=>", Comparator::GreaterOrEqual),
    ("≥", Comparator::GreaterOrEqual),
    ("<", Comparator::Less),
    (">", Comparator::Greater),
];

fn take_quantity(text: &str) -> Option<Value<'_>> {
    let comparator = COMPARATORS
        .iter()
        .find_map(|&(spelling, comparator)| Some((text.strip_prefix(spelling)?, comparator)));
    let (number, comparator) = match comparator {
        Some((rest, comparator)) => (rest.trim_start(), Some(comparator)),
        None => (text, None),
    };
    match take_decimal(number)? {
        (number, "") => Some(Value::Quantity { comparator, number }),
        _ => None,
    }
}

fn take_range(text: &str) -> Option<Value<'_>> {
    let (low, rest) = take_decimal(text)?;
    let rest = rest.trim_start().strip_prefix('-')?;
    match take_decimal(rest.trim_start())? {
        (high, "") if low <= high => Some(Value::Range { low, high }),
        _ => None,
    }
}

/// A decimal at the start of a text, and what follows it.
fn take_decimal(text: &str) -> Option<(Decimal<'_>, &str)> {
    let text = text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text);
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = text.strip_suffix(rest)?;
    Some((Decimal::parse(number)?, rest))
}

#[cfg(test)]
mod tests;
