//! Instants, written in UTC.
//!
//! Owns the reading of RFC 3339 and the shift to UTC. Never reads a clock, never guesses an offset
//! and never rounds: the digits of a fraction stay as sent, however many.
//! Specification: RFC 3339, section 5.6 (grammar) and 5.7 (restrictions), with the year within 0000
//! to 9999; and two spellings that leave the instant certain: a space for the `T`, as the note in
//! section 5.6 allows, and an offset without its colon, as ISO 8601 has it.

mod date;

use std::fmt;

use self::date::Date;

/// An instant in UTC; [`fmt::Display`] writes it as RFC 3339 with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtcTime<'a> {
    date: Date,
    hour: u16,
    minute: u16,
    second: u16,
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
        let Date { year, month, day } = self.date;
        let [y0, y1] = two_digits(year / 100);
        let [y2, y3] = two_digits(year % 100);
        let [m0, m1] = two_digits(month);
        let [d0, d1] = two_digits(day);
        let [h0, h1] = two_digits(self.hour);
        let [n0, n1] = two_digits(self.minute);
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
fn two_digits(number: u16) -> [u8; 2] {
    let digit = |number: u16| u8::try_from(number % 10).map_or(b'0', |digit| digit | b'0');
    [digit(number / 10), digit(number)]
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
    let year = number([y0, y1])?.checked_mul(100)?.checked_add(number([y2, y3])?)?;
    let date = Date { year, month: number([m0, m1])?, day: number([d0, d1])? };
    let (hour, minute, second) = (number([h0, h1])?, number([n0, n1])?, number([s0, s1])?);
    let is_real = matches!(t, b'T' | b't' | b' ')
        && (1..=12).contains(&date.month)
        && (1..=date.days_in_month()).contains(&date.day)
        && (hour <= 23 && minute <= 59 && second <= 60);
    if !is_real {
        return None;
    }

    let (fraction, zone) = take_fraction(rest)?;
    let minutes = i16::try_from(hour.checked_mul(60)?.checked_add(minute)?).ok()?;
    let minutes = minutes.checked_sub(offset_minutes(zone)?)?;
    let date = match minutes {
        ..0 => date.previous()?,
        0..MINUTES_A_DAY => date,
        MINUTES_A_DAY.. => date.next()?,
    };
    let minutes = u16::try_from(minutes.rem_euclid(MINUTES_A_DAY)).ok()?;
    let (hour, minute) = (minutes.checked_div(60)?, minutes.checked_rem(60)?);
    let is_leap = hour == 23 && minute == 59 && date.day == date.days_in_month();
    if second == 60 && !is_leap {
        return None;
    }
    let as_sent = t == b'T' && zone == "Z";
    Some(UtcTime { date, hour, minute, second, fraction, as_sent })
}

/// The instant that many seconds after 1970-01-01T00:00:00Z, with three fraction digits where
/// milliseconds are given; `None` past the year 9999 and for milliseconds above 999.
#[must_use]
pub fn from_unix(seconds: u64, milliseconds: Option<u16>) -> Option<UtcTime<'static>> {
    const SECONDS_A_DAY: u64 = 86_400;

    let date = Date::from_unix_days(seconds.checked_div(SECONDS_A_DAY)?)?;
    let second_of_day = u32::try_from(seconds.checked_rem(SECONDS_A_DAY)?).ok()?;
    let fraction = match milliseconds {
        None => Fraction::None,
        Some(milliseconds @ 0..=999) => Fraction::Milliseconds(milliseconds),
        Some(_) => return None,
    };
    Some(UtcTime {
        date,
        hour: u16::try_from(second_of_day.checked_div(3600)?).ok()?,
        minute: u16::try_from(second_of_day.checked_div(60)?.checked_rem(60)?).ok()?,
        second: u16::try_from(second_of_day.checked_rem(60)?).ok()?,
        fraction,
        as_sent: false,
    })
}

const MINUTES_A_DAY: i16 = 1440;

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
fn offset_minutes(zone: &str) -> Option<i16> {
    match *zone.as_bytes() {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] | [sign @ (b'+' | b'-'), h0, h1, m0, m1] => {
            let hours = number([h0, h1]).filter(|&hours| hours <= 23)?;
            let minutes = number([m0, m1]).filter(|&minutes| minutes <= 59)?;
            let offset = i16::try_from(hours.checked_mul(60)?.checked_add(minutes)?).ok()?;
            if sign == b'-' { offset.checked_neg() } else { Some(offset) }
        }
        _ => None,
    }
}

fn number([tens, ones]: [u8; 2]) -> Option<u16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte.wrapping_sub(b'0')));
    digit(tens)?.checked_mul(10)?.checked_add(digit(ones)?)
}

#[cfg(test)]
mod tests;
