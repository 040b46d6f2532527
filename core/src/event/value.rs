//! What a marker's `value` says: a quantity, a range, a text or nothing.
//!
//! Owns the reading of numbers out of the sender's text. Never guesses: a spelling that is not
//! plainly a decimal or a range of two stays text, verbatim. Never changes a digit.
//! Specification: `docs/contract.md`, section 5, "Values".

use crate::json::Decimal;

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
    /// A JSON number.
    #[must_use]
    pub const fn from_number(number: Decimal<'a>) -> Self {
        Self::Quantity { comparator: None, number }
    }

    /// Reads the text of a JSON string; a plain decimal is what [`Decimal::take_plain`] takes.
    #[must_use]
    pub fn from_text(text: &'a str) -> Self {
        let trimmed = text.trim();
        take_quantity(trimmed).or_else(|| take_range(trimmed)).unwrap_or(Self::Text(text))
    }

    /// The number, where the value is one and no bound on one.
    #[must_use]
    pub const fn as_number(&self) -> Option<Decimal<'a>> {
        match self {
            Self::Quantity { comparator: None, number } => Some(*number),
            _ => None,
        }
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

fn take_quantity(text: &str) -> Option<Value<'_>> {
    let (comparator, number) = match take_comparator(text) {
        Some((comparator, rest)) => (Some(comparator), rest.trim_start()),
        None => (None, text),
    };
    match Decimal::take_plain(number)? {
        (number, "") => Some(Value::Quantity { comparator, number }),
        _ => None,
    }
}

/// A comparator at the start of a text, and what follows it. Its two signs come in either order, as
/// one or with white space between.
fn take_comparator(text: &str) -> Option<(Comparator, &str)> {
    let sign = text.chars().next()?;
    let rest = text.strip_prefix(sign)?;
    let or_equal = || rest.trim_start().strip_prefix('=').or_else(|| strip_or_equal(rest));
    Some(match sign {
        '≤' => (Comparator::LessOrEqual, rest),
        '≥' => (Comparator::GreaterOrEqual, rest),
        '<' => match or_equal() {
            Some(rest) => (Comparator::LessOrEqual, rest),
            None => (Comparator::Less, rest),
        },
        '>' => match or_equal() {
            Some(rest) => (Comparator::GreaterOrEqual, rest),
            None => (Comparator::Greater, rest),
        },
        '=' => {
            let rest = rest.trim_start();
            let less = rest.strip_prefix('<').map(|rest| (Comparator::LessOrEqual, rest));
            let greater = || rest.strip_prefix('>').map(|rest| (Comparator::GreaterOrEqual, rest));
            less.or_else(greater)?
        }
        _ => return None,
    })
}

/// What follows `OR =`, as laboratories write it after `<` and `>`.
fn strip_or_equal(text: &str) -> Option<&str> {
    let (or, rest) = text.trim_start().split_at_checked("or".len())?;
    if !or.eq_ignore_ascii_case("or") {
        return None;
    }
    rest.trim_start().strip_prefix('=')
}

fn take_range(text: &str) -> Option<Value<'_>> {
    let (low, rest) = Decimal::take_plain(text)?;
    let rest = rest.trim_start().strip_prefix('-')?;
    match Decimal::take_plain(rest.trim_start())? {
        (high, "") if low <= high => Some(Value::Range { low, high }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
