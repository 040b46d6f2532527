//! The signed moment of sending, and whether it is near enough to now.
//!
//! Owns the text form and the tolerance. Never reads a clock: now is an argument. Standard Webhooks
//! asks for a tolerance against replays and leaves its edges open; here both are inclusive.

use std::time::Duration;

use crate::signature::SignatureError;

/// The most digits a timestamp may have: every number of 19 fits a `u64`, not every one of 20.
const MAX_DIGITS: usize = 19;

/// A Unix time of this many digits is in milliseconds: in seconds it would be after the year 33000,
/// in milliseconds it is between 2001 and 2286.
const MILLISECOND_DIGITS: usize = 13;

/// The moment a sender signed, since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAt {
    /// Whole seconds since the Unix epoch.
    pub seconds: u64,
    /// The milliseconds after those seconds, 0 to 999, where the sender gave milliseconds.
    pub milliseconds: Option<u16>,
}

impl SentAt {
    /// Reads whole seconds.
    ///
    /// # Errors
    ///
    /// [`SignatureError::TimestampMalformed`] unless the text matches `^[1-9][0-9]{0,18}$`.
    pub(super) fn from_seconds(text: &[u8]) -> Result<Self, SignatureError> {
        let seconds = parse(text).ok_or(SignatureError::TimestampMalformed)?;
        Ok(Self { seconds, milliseconds: None })
    }

    /// Reads milliseconds where there are 13 digits, else whole seconds.
    ///
    /// # Errors
    ///
    /// Those of [`SentAt::from_seconds`].
    pub(super) fn from_seconds_or_milliseconds(text: &[u8]) -> Result<Self, SignatureError> {
        let whole = Self::from_seconds(text)?;
        if text.len() != MILLISECOND_DIGITS {
            return Ok(whole);
        }
        let milliseconds = whole.seconds;
        Ok(Self {
            seconds: milliseconds / 1_000,
            milliseconds: u16::try_from(milliseconds % 1_000).ok(),
        })
    }

    /// How long before `now` this moment is, both since the Unix epoch; zero where it lies ahead.
    #[must_use]
    pub fn age(self, now: Duration) -> Duration {
        now.saturating_sub(at(self.seconds, self.milliseconds.unwrap_or_default().into()))
    }

    /// Accepts a moment at most `tolerance` from `now`, which is floored to the sender's unit.
    ///
    /// # Errors
    ///
    /// [`SignatureError::TimestampTooOld`] or [`SignatureError::TimestampTooNew`].
    pub(super) fn check(self, now: Duration, tolerance: Duration) -> Result<(), SignatureError> {
        let (sent, now) = match self.milliseconds {
            None => (at(self.seconds, 0), at(now.as_secs(), 0)),
            Some(milliseconds) => {
                (at(self.seconds, milliseconds.into()), at(now.as_secs(), now.subsec_millis()))
            }
        };
        if sent.abs_diff(now) <= tolerance {
            Ok(())
        } else if sent < now {
            Err(SignatureError::TimestampTooOld)
        } else {
            Err(SignatureError::TimestampTooNew)
        }
    }
}

fn at(seconds: u64, milliseconds: u32) -> Duration {
    Duration::from_secs(seconds).saturating_add(Duration::from_millis(milliseconds.into()))
}

/// Reads `^[1-9][0-9]{0,18}$`; a second spelling of one number would be a second signed text.
fn parse(text: &[u8]) -> Option<u64> {
    if text.len() > MAX_DIGITS || text.starts_with(b"0") || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_OLD: Result<(), SignatureError> = Err(SignatureError::TimestampTooOld);
    const TOO_NEW: Result<(), SignatureError> = Err(SignatureError::TimestampTooNew);

    #[test]
    fn reads_one_to_nineteen_digits() {
        for (text, seconds) in [
            ("1", 1),
            ("10", 10),
            ("1614265330", 1_614_265_330),
            ("1614265330123", 1_614_265_330_123),
            ("9999999999999999999", 9_999_999_999_999_999_999),
        ] {
            let sent_at = SentAt { seconds, milliseconds: None };
            assert_eq!(SentAt::from_seconds(text.as_bytes()), Ok(sent_at), "{text}");
        }
    }

    #[test]
    fn reads_thirteen_digits_as_milliseconds_where_asked() {
        for (text, seconds, milliseconds) in [
            ("161426533012", 161_426_533_012, None),
            ("1614265330000", 1_614_265_330, Some(0)),
            ("1614265330007", 1_614_265_330, Some(7)),
            ("9999999999999", 9_999_999_999, Some(999)),
            ("16142653301234", 16_142_653_301_234, None),
        ] {
            let sent_at = SentAt { seconds, milliseconds };
            let read = SentAt::from_seconds_or_milliseconds(text.as_bytes());
            assert_eq!(read, Ok(sent_at), "{text}");
        }
    }

    #[test]
    fn refuses_every_other_spelling() {
        for text in [
            b"".as_slice(),
            b"0",
            b"01",
            b"0000000001",
            b"10000000000000000000",
            b"99999999999999999999",
            b"+1",
            b"-1",
            b" 1",
            b"1 ",
            b"1\n",
            b"1.0",
            b"1e3",
            b"0x1",
            b"1_000",
            b"1,000",
            b"161426533000a",
            b"1\0",
            b"\xff",
            "\u{661}".as_bytes(),
        ] {
            let name = text.escape_ascii();
            let malformed = Err(SignatureError::TimestampMalformed);
            assert_eq!(SentAt::from_seconds(text), malformed, "{name}");
            assert_eq!(SentAt::from_seconds_or_milliseconds(text), malformed, "{name}");
        }
    }

    #[test]
    fn holds_both_bounds_in_whole_seconds() {
        let sent_at = SentAt { seconds: 1_000, milliseconds: None };
        for (now, verdict) in [
            (Duration::from_micros(699_999_999), TOO_NEW),
            (Duration::from_secs(700), Ok(())),
            (Duration::from_secs(1_000), Ok(())),
            (Duration::from_micros(1_300_999_999), Ok(())),
            (Duration::from_secs(1_301), TOO_OLD),
        ] {
            assert_eq!(sent_at.check(now, Duration::from_mins(5)), verdict, "{now:?}");
        }
    }

    #[test]
    fn holds_both_bounds_in_milliseconds() {
        let sent_at = SentAt { seconds: 1_000, milliseconds: Some(123) };
        for (now, verdict) in [
            (Duration::from_micros(700_122_999), TOO_NEW),
            (Duration::from_millis(700_123), Ok(())),
            (Duration::from_millis(1_000_123), Ok(())),
            (Duration::from_micros(1_300_123_999), Ok(())),
            (Duration::from_millis(1_300_124), TOO_OLD),
        ] {
            assert_eq!(sent_at.check(now, Duration::from_mins(5)), verdict, "{now:?}");
        }
    }

    #[test]
    fn an_age_is_the_time_that_has_passed_and_never_negative() {
        for (milliseconds, now, age) in [
            (None, Duration::from_millis(1_002_500), Duration::from_millis(2_500)),
            (None, Duration::from_secs(1_000), Duration::ZERO),
            (None, Duration::from_secs(999), Duration::ZERO),
            (Some(123), Duration::from_millis(1_001_124), Duration::from_millis(1_001)),
            (Some(123), Duration::from_millis(1_000_122), Duration::ZERO),
        ] {
            let sent_at = SentAt { seconds: 1_000, milliseconds };
            assert_eq!(sent_at.age(now), age, "{milliseconds:?} at {now:?}");
        }
    }

    #[test]
    fn a_zero_tolerance_accepts_the_same_second_only() {
        let sent_at = SentAt { seconds: 1_000, milliseconds: None };
        for (seconds, verdict) in [(999, TOO_NEW), (1_000, Ok(())), (1_001, TOO_OLD)] {
            assert_eq!(sent_at.check(Duration::from_secs(seconds), Duration::ZERO), verdict);
        }
    }

    #[test]
    fn the_largest_numbers_overflow_nothing() {
        let far = SentAt { seconds: 9_999_999_999_999_999_999, milliseconds: None };
        let longest = Duration::from_secs(u64::MAX);
        assert_eq!(far.check(Duration::ZERO, longest), Ok(()));
        assert_eq!(far.check(Duration::MAX, longest), Ok(()));
        assert_eq!(far.check(Duration::ZERO, Duration::from_mins(5)), TOO_NEW);
        assert_eq!(far.check(Duration::MAX, Duration::from_mins(5)), TOO_OLD);
        let last = SentAt { seconds: u64::MAX, milliseconds: Some(999) };
        assert_eq!(last.check(Duration::MAX, Duration::ZERO), Ok(()));
    }
}
