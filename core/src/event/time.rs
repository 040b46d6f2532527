//! Instants, written in UTC.
//!
//! Owns the reading of RFC 3339; the calendar is the `time` crate's. Never reads a clock, never
//! guesses an offset and never rounds: the digits of a fraction stay as sent, however many.
//! Specification: `docs/contract.md`, section 5, "Times"; of RFC 3339, sections 5.6 (grammar) and
//! 5.7 (restrictions), with the year within 0000 to 9999; and two spellings that leave the instant
//! certain: a space for the `T`, as the note in section 5.6 allows, and an offset without its
//! colon, as ISO 8601 has it.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// An instant in UTC; [`fmt::Display`] writes it as RFC 3339 with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtcTime<'a> {
    /// To the minute: the crate's clock has no second 60.
    minute: PrimitiveDateTime,
    second: u8,
    fraction: Fraction<'a>,
    as_sent: bool,
}

impl UtcTime<'_> {
    /// Whether the text this was read from is already what is written, letter for letter.
    #[must_use]
    pub fn is_as_sent(&self) -> bool {
        self.as_sent
    }
}

impl fmt::Display for UtcTime<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spell(out)
    }
}

impl UtcTime<'_> {
    /// Writes it without a [`fmt::Formatter`], which costs as much again as the time itself.
    pub(super) fn spell(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let Self { minute, .. } = self;
        // 0 to 9999, so that each half is below 100.
        let half = |year: i32| u8::try_from(year).unwrap_or_default();
        let [y0, y1] = two_digits(half(minute.year() / 100));
        let [y2, y3] = two_digits(half(minute.year() % 100));
        let [m0, m1] = two_digits(minute.month().into());
        let [d0, d1] = two_digits(minute.day());
        let [h0, h1] = two_digits(minute.hour());
        let [n0, n1] = two_digits(minute.minute());
        let [s0, s1] = two_digits(self.second);
        let civil =
            [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1];
        out.write_str(str::from_utf8(&civil).map_err(|_| fmt::Error)?)?;
        match self.fraction {
            Fraction::None => {}
            Fraction::Digits(digits) => write!(out, ".{digits}")?,
            Fraction::Milliseconds(milliseconds) => write!(out, ".{milliseconds:03}")?,
        }
        out.write_str("Z")
    }
}

/// The digits of a number below 100.
fn two_digits(number: u8) -> [u8; 2] {
    // A digit has the low four bits of `0` clear.
    [(number / 10) | b'0', (number % 10) | b'0']
}

/// Reads an RFC 3339 time with its offset, also with a space for the `T` and with an offset without
/// its colon; `None` for any other text.
///
/// Second 60 is accepted where RFC 3339 lets a leap second be: 23:59:60 in UTC at the end of a
/// month. The unknown offset `-00:00` is UTC (RFC 3339, section 4.3).
#[must_use]
pub fn to_utc(text: &str) -> Option<UtcTime<'_>> {
    let (civil, rest) = text.split_at_checked("YYYY-MM-DDThh:mm:ss".len())?;
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, t, h0, h1, b':', n0, n1, b':', s0, s1] =
        civil.as_bytes()
    else {
        return None;
    };
    if !matches!(t, b'T' | b't' | b' ') {
        return None;
    }
    let year = i32::from(number([y0, y1])?).checked_mul(100)?;
    let year = year.checked_add(i32::from(number([y2, y3])?))?;
    let month = Month::try_from(number([m0, m1])?).ok()?;
    let date = Date::from_calendar_date(year, month, number([d0, d1])?).ok()?;
    let local = date.with_time(Time::from_hms(number([h0, h1])?, number([n0, n1])?, 0).ok()?);
    let second = number([s0, s1]).filter(|&second| second <= 60)?;

    let (fraction, zone) = take_fraction(rest)?;
    let minute = match offset_minutes(zone)? {
        0 => local,
        offset => local.checked_sub(Duration::minutes(offset))?,
    };
    let may_be_leap = || {
        (minute.hour(), minute.minute()) == (23, 59)
            && minute.day() == minute.month().length(minute.year())
    };
    if minute.year() < 0 || (second == 60 && !may_be_leap()) {
        return None;
    }
    let as_sent = t == b'T' && zone == "Z";
    Some(UtcTime { minute, second, fraction, as_sent })
}

/// The instant that many seconds after 1970-01-01T00:00:00Z, with three fraction digits where
/// milliseconds are given; `None` past the year 9999 and for milliseconds above 999.
#[must_use]
pub fn from_unix(seconds: u64, milliseconds: Option<u16>) -> Option<UtcTime<'static>> {
    let time = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
    let fraction = match milliseconds {
        None => Fraction::None,
        Some(milliseconds @ 0..=999) => Fraction::Milliseconds(milliseconds),
        Some(_) => return None,
    };
    let minute =
        PrimitiveDateTime::new(time.date(), Time::from_hms(time.hour(), time.minute(), 0).ok()?);
    Some(UtcTime { minute, second: time.second(), fraction, as_sent: false })
}

/// A part of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fraction<'a> {
    None,
    Digits(&'a str),
    Milliseconds(u16),
}

/// What follows the seconds, split into the fraction and the zone.
fn take_fraction(text: &str) -> Option<(Fraction<'_>, &str)> {
    let Some(text) = text.strip_prefix('.') else {
        return Some((Fraction::None, text));
    };
    let zone = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(zone).filter(|digits| !digits.is_empty())?;
    Some((Fraction::Digits(digits), zone))
}

/// The offset from UTC, in minutes east of it.
fn offset_minutes(zone: &str) -> Option<i64> {
    match *zone.as_bytes() {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] | [sign @ (b'+' | b'-'), h0, h1, m0, m1] => {
            let hours = number([h0, h1]).filter(|&hours| hours <= 23)?;
            let minutes = number([m0, m1]).filter(|&minutes| minutes <= 59)?;
            let offset = i64::from(hours).checked_mul(60)?.checked_add(i64::from(minutes))?;
            if sign == b'-' { offset.checked_neg() } else { Some(offset) }
        }
        _ => None,
    }
}

fn number([tens, ones]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'));
    digit(tens)?.checked_mul(10)?.checked_add(digit(ones)?)
}

#[cfg(test)]
mod tests;
