//! Decimals as JSON spells them, compared exactly whatever their length and exponent.
//!
//! Owns the grammar of a number, the comparison of two and the questions the schema asks of one.
//! Never builds `10^n`, never rounds and never changes a digit: a [`Decimal`] is the sender's text
//! with its parts marked. Everything is linear in that text, since a whole body may be one number.
//! Specification: the number grammar of RFC 8259, section 6.

use std::cmp::Ordering;
use std::fmt;

/// A number, kept as its sender spelled it.
///
/// Equality and order are those of the mathematical values: `1.0`, `1` and `10e-1` are equal, as
/// are `-0` and `0`. Compare [`Decimal::as_str`] where the spelling matters.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    text: &'a str,
    form: Form,
}

impl<'a> Decimal<'a> {
    /// The number that senders put in the place of none.
    pub const MINUS_ONE: Self = Self { text: "-1", form: Form { point: 2, end: 2 } };

    /// Reads a whole JSON number; `None` for any other text, white space included.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        match Self::take(text) {
            Ok((number, "")) => Some(number),
            _ => None,
        }
    }

    /// Reads the JSON number at the start of a text, and tells what follows it.
    ///
    /// # Errors
    /// How many bytes come before the place where no number can go on. A number has 4 GiB at the
    /// most.
    #[inline]
    pub fn take(text: &'a str) -> Result<(Self, &'a str), usize> {
        let (form, whole) = Form::of(text.as_bytes()).map_err(widen)?;
        let whole = widen(whole);
        let (text, rest) = text.split_at_checked(whole).ok_or(whole)?;
        Ok((Self { text, form }, rest))
    }

    /// Reads the plain decimal at the start of a text, and tells what follows it: an optional sign,
    /// digits without needless leading zeros, and an optional `.` with digits, before which the
    /// digits may lack. A `+` is dropped, since JSON has none.
    #[must_use]
    pub fn take_plain(text: &'a str) -> Option<(Self, &'a str)> {
        let text = text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text);
        let bytes = text.as_bytes();
        let start = usize::from(text.starts_with('-'));
        let point = match bytes.get(start)? {
            b'.' => start,
            b'0' => start.saturating_add(1),
            _ => digits_end(bytes, start).ok()?,
        };
        let end = fraction_end(bytes, point).ok()?;
        let (text, rest) = text.split_at_checked(end)?;
        let goes_on = matches!(rest.as_bytes(), [b'0'..=b'9' | b'.', ..]);
        let form = Form { point: u32::try_from(point).ok()?, end: u32::try_from(end).ok()? };
        (!goes_on).then_some((Self { text, form }, rest))
    }

    /// The number as sent: a JSON number token, but where its leading zero lacks.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The number as JSON spells it, in two parts: the first is the zero that lacks, with its sign.
    #[must_use]
    pub fn as_json(&self) -> (&'static str, &'a str) {
        match self.text.as_bytes() {
            [b'.', ..] => ("0", self.text),
            [b'-', b'.', ..] => ("-0", self.text.strip_prefix('-').unwrap_or_default()),
            _ => ("", self.text),
        }
    }

    /// Whether the number is spelled with an exponent.
    #[must_use]
    pub fn has_exponent(&self) -> bool {
        self.form.end() < self.text.len()
    }

    /// Whether the number is below zero, which `-0` and `-0.0` are not.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.has_sign() && !self.is_zero()
    }

    /// Whether the number has no fractional part, as JSON Schema's `integer` asks: `1.0` and
    /// `150e-1` have none, `150e-2` has.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        // The power of ten of the last digit that is not zero decides.
        let (integer, fraction) = (self.integer(), self.fraction());
        let place = if let Some(last) = fraction.iter().rposition(|&digit| digit != b'0') {
            negate(count(last).saturating_add(1))
        } else if let Some(last) = integer.iter().rposition(|&digit| digit != b'0') {
            count(integer.len()).saturating_sub(count(last)).saturating_sub(1)
        } else {
            return true;
        };
        self.exponent().minus(Exponent::ZERO).saturating_add(place) >= 0
    }

    fn has_sign(&self) -> bool {
        self.text.starts_with('-')
    }

    fn integer(&self) -> &'a [u8] {
        self.text
            .as_bytes()
            .get(usize::from(self.has_sign())..self.form.point())
            .unwrap_or_default()
    }

    fn fraction(&self) -> &'a [u8] {
        self.text
            .as_bytes()
            .get(self.form.point().saturating_add(1)..self.form.end())
            .unwrap_or_default()
    }

    fn exponent(&self) -> Exponent<'a> {
        match self.text.as_bytes().get(self.form.end().saturating_add(1)..).unwrap_or_default() {
            [b'-', digits @ ..] => Exponent { negative: true, digits },
            [b'+', digits @ ..] | digits => Exponent { negative: false, digits },
        }
    }

    fn is_zero(&self) -> bool {
        self.significant_digits().next().is_none()
    }

    /// The digits from the first that is not zero; trailing zeros stay.
    fn significant_digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        let digits = self.integer().iter().chain(self.fraction()).copied();
        digits.skip_while(|&digit| digit == b'0')
    }

    /// Where the decimal point stands, counted in digits from the first significant one, before
    /// the exponent moves it: 3 for `123.4`, 0 for `0.12`, -2 for `0.0012`.
    fn point(&self) -> i128 {
        let integer = self.integer();
        let zeros = integer.iter().chain(self.fraction()).take_while(|&&digit| digit == b'0');
        count(integer.len()).saturating_sub(count(zeros.count()))
    }

    /// Compares the distances from zero of two numbers that are not zero.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let exponents = self.exponent().minus(other.exponent());
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

impl fmt::Display for Decimal<'_> {
    /// Writes a JSON number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (zero, rest) = self.as_json();
        f.write_str(zero)?;
        f.write_str(rest)
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => other.has_sign().cmp(&false).then(Ordering::Less),
            (false, true) => false.cmp(&self.has_sign()).then(Ordering::Greater),
            (false, false) => match (self.has_sign(), other.has_sign()) {
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

/// The exponent part of a number: an integer with any number of digits.
#[derive(Clone, Copy, Debug)]
struct Exponent<'a> {
    negative: bool,
    digits: &'a [u8],
}

impl Exponent<'_> {
    const ZERO: Self = Self { negative: false, digits: &[] };

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

/// Where the parts of a number are in its text.
///
/// As `u32`, so that what is read of a number comes back in two registers, and a number takes as
/// little of a document as a text.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// Where the integer part ends.
    point: u32,
    /// Where the fraction ends, and the exponent begins if there is one.
    end: u32,
}

impl Form {
    /// Reads the JSON number at the start of a text, and tells where it ends; else where no number
    /// can go on.
    fn of(text: &[u8]) -> Result<(Self, u32), u32> {
        Self::parts(text)
            .and_then(|(point, end, whole)| {
                let narrow = |at: usize| u32::try_from(at).map_err(|_| at);
                Ok((Self { point: narrow(point)?, end: narrow(end)? }, narrow(whole)?))
            })
            .map_err(|at| u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn parts(text: &[u8]) -> Result<(usize, usize, usize), usize> {
        let start = usize::from(text.first() == Some(&b'-'));
        let point = match text.get(start) {
            Some(b'0') => start.saturating_add(1),
            _ => digits_end(text, start)?,
        };
        let end = fraction_end(text, point)?;
        let whole = match text.get(end..) {
            Some([b'e' | b'E', b'+' | b'-', ..]) => digits_end(text, end.saturating_add(2))?,
            Some([b'e' | b'E', ..]) => digits_end(text, end.saturating_add(1))?,
            _ => end,
        };
        Ok((point, end, whole))
    }

    fn point(self) -> usize {
        widen(self.point)
    }

    fn end(self) -> usize {
        widen(self.end)
    }
}

/// Where the digits that must begin at `start` end. The error is `start`, where a digit is missing.
fn digits_end(text: &[u8], start: usize) -> Result<usize, usize> {
    let mut end = start;
    while let Some(b'0'..=b'9') = text.get(end) {
        end = end.saturating_add(1);
    }
    if end == start { Err(start) } else { Ok(end) }
}

/// Where the fraction ends that may begin at `point`.
fn fraction_end(text: &[u8], point: usize) -> Result<usize, usize> {
    match text.get(point) {
        Some(b'.') => digits_end(text, point.saturating_add(1)),
        _ => Ok(point),
    }
}

/// A place in a text. Every machine that this runs on has 32 bits at least.
fn widen(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
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
