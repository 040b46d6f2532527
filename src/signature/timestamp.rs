//! The signed moment of sending, and whether it is near enough to now.
//!
//! Owns the text form and the tolerance. Never reads a clock: now is an argument. The bounds are
//! the ones that the Standard Webhooks specification gives for replay protection, both inclusive.

use std::time::Duration;

use crate::signature::SignatureError;

/// Digits of the largest timestamp, so that every one of them fits a `u64`.
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
        Ok(Self {
            seconds,
            milliseconds: None,
        })
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

    /// Accepts a moment at most `tolerance` from `now`, which is floored to the sender's unit.
    ///
    /// # Errors
    ///
    /// [`SignatureError::TimestampTooOld`] or [`SignatureError::TimestampTooNew`].
    pub(super) fn check(self, now: Duration, tolerance: Duration) -> Result<(), SignatureError> {
        let (sent, now) = match self.milliseconds {
            None => (at(self.seconds, 0), at(now.as_secs(), 0)),
            Some(milliseconds) => (
                at(self.seconds, milliseconds.into()),
                at(now.as_secs(), now.subsec_millis()),
            ),
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
