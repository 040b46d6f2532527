//! Decimals as JSON spells them, compared exactly whatever their length and exponent.
//!
//! Owns the comparison of two numbers and the questions the schema asks of one. Never builds
//! `10^n`, never rounds and never changes a digit: a [`Decimal`] is the sender's text with its
//! parts marked. Everything is linear in that text, since a whole body may be one number.
//! Specification: the number grammar of RFC 8259, section 6.

use std::cmp::Ordering;

/// A JSON number, kept as its sender spelled it.
///
/// Equality and order are those of the mathematical values: `1.0`, `1` and `10e-1` are equal, as
/// are `-0` and `0`. Compare [`Decimal::as_str`] where the spelling matters.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    text: &'a str,
    negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    exponent: Exponent<'a>,
}

impl<'a> Decimal<'a> {
    /// Reads a whole JSON number; `None` for any other text, white space included.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = strip_minus(text);
        let (integer, rest) = take_digits(unsigned.as_bytes())?;
        if let [b'0', _, ..] = integer {
            return None;
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => take_digits(rest)?,
            rest => ([].as_slice(), rest),
        };
        let exponent = match rest {
            [] => Exponent::ZERO,
            [b'e' | b'E', rest @ ..] => Exponent::parse(rest)?,
            _ => return None,
        };
        Some(Self { text, negative, integer, fraction, exponent })
    }

    /// The number as sent: a valid JSON number token.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether the number is below zero, which `-0` and `-0.0` are not.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative && !self.is_zero()
    }

    /// Whether the number has no fractional part, as JSON Schema's `integer` asks: `1.0` and
    /// `150e-1` have none, `150e-2` has.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        // The power of ten of the last digit that is not zero decides.
        let place = if let Some(last) = self.fraction.iter().rposition(|&digit| digit != b'0') {
            negate(count(last).saturating_add(1))
        } else if let Some(last) = self.integer.iter().rposition(|&digit| digit != b'0') {
            count(self.integer.len()).saturating_sub(count(last)).saturating_sub(1)
        } else {
            return true;
        };
        self.exponent.minus(Exponent::ZERO).saturating_add(place) >= 0
    }

    /// Whether the number equals a count: `9`, `9.0` and `90e-1` all equal 9.
    #[must_use]
    pub fn equals(&self, other: usize) -> bool {
        if self.is_zero() {
            return other == 0;
        }
        let magnitude = self.exponent.minus(Exponent::ZERO).saturating_add(self.point());
        let Ok(magnitude) = usize::try_from(magnitude) else {
            return false;
        };
        if self.negative || magnitude > MAX_COUNT_DIGITS {
            return false;
        }
        let mut digits = self.significant_digits();
        let whole = (0..magnitude).try_fold(0_usize, |whole, _| {
            let digit = digits.next().unwrap_or(b'0').wrapping_sub(b'0');
            whole.checked_mul(10)?.checked_add(usize::from(digit))
        });
        whole == Some(other) && digits.all(|digit| digit == b'0')
    }

    fn is_zero(&self) -> bool {
        self.significant_digits().next().is_none()
    }

    /// The digits from the first that is not zero; trailing zeros stay.
    fn significant_digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        let digits = self.integer.iter().chain(self.fraction).copied();
        digits.skip_while(|&digit| digit == b'0')
    }

    /// Where the decimal point stands, counted in digits from the first significant one, before
    /// the exponent moves it: 3 for `123.4`, 0 for `0.12`, -2 for `0.0012`.
    fn point(&self) -> i128 {
        let zeros = self.integer.iter().chain(self.fraction).take_while(|&&digit| digit == b'0');
        count(self.integer.len()).saturating_sub(count(zeros.count()))
    }

    /// Compares the distances from zero of two numbers that are not zero.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let exponents = self.exponent.minus(other.exponent);
        let points = self.point().saturating_sub(other.point());
        let magnitudes = exponents.saturating_add(points).cmp(&0);
        magnitudes.then_with(|| {
            let mut ours = self.significant_digits();
            let mut theirs = other.significant_digits();
            loop {
                let (our, their) = (ours.next(), theirs.next());
                if our.is_none() && their.is_none() {
                    return Ordering::Equal;
                }
                let ordering = our.unwrap_or(b'0').cmp(&their.unwrap_or(b'0'));
                if ordering.is_ne() {
                    return ordering;
                }
            }
        })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => other.negative.cmp(&false).then(Ordering::Less),
            (false, true) => false.cmp(&self.negative).then(Ordering::Greater),
            (false, false) => match (self.negative, other.negative) {
                (false, false) => self.cmp_magnitude(other),
                (true, true) => other.cmp_magnitude(self),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
            },
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

/// More digits than any `usize` has; a larger magnitude cannot equal a count.
const MAX_COUNT_DIGITS: usize = 20;

/// The exponent part of a number: an integer with any number of digits.
#[derive(Clone, Copy, Debug)]
struct Exponent<'a> {
    negative: bool,
    digits: &'a [u8],
}

impl<'a> Exponent<'a> {
    const ZERO: Self = Self { negative: false, digits: &[] };

    fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, unsigned) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        match take_digits(unsigned)? {
            (digits, []) => Some(Self { negative, digits }),
            _ => None,
        }
    }

    /// The difference of two exponents, saturating at the ends of `i128`.
    ///
    /// Once the running difference of two digit strings leaves the range of a machine integer, no
    /// later digit can bring it back, so saturation keeps its sign. And it saturates so far out
    /// that adding the length of a text (below 2^64) never changes the sign either.
    fn minus(self, other: Self) -> i128 {
        let length = self.digits.len().max(other.digits.len());
        let ours = self.signed_digits(length);
        ours.zip(other.signed_digits(length)).fold(0_i128, |difference, (our, their)| {
            difference.saturating_mul(10).saturating_add(our).saturating_sub(their)
        })
    }

    /// The digits, each with the exponent's sign, with leading zeros up to `length`.
    fn signed_digits(self, length: usize) -> impl Iterator<Item = i128> {
        let zeros = length.saturating_sub(self.digits.len());
        std::iter::repeat_n(0, zeros).chain(self.digits.iter().map(move |&digit| {
            let digit = i128::from(digit.wrapping_sub(b'0'));
            if self.negative { negate(digit) } else { digit }
        }))
    }
}

fn strip_minus(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |unsigned| (true, unsigned))
}

/// The digits at the start of a text, at least one, and what follows them.
fn take_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 { None } else { text.split_at_checked(length) }
}

/// A length as a signed number; lengths never reach the bound.
fn count(length: usize) -> i128 {
    i128::try_from(length).unwrap_or(i128::MAX)
}

fn negate(number: i128) -> i128 {
    0_i128.saturating_sub(number)
}

#[cfg(test)]
mod tests;
