//! Misbehaviour on demand: which webhooks fail, and how long an answer takes.
//!
//! Failures are spread evenly and not at random, so that a test can count on them.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What rounding may take away from a sum of rates: ten times 0.1 is a little less than 1 in binary
/// floating point, and still owes a failure.
const ROUNDING: f64 = 1e-9;

/// A share of webhooks, from 0 (none, the default) to 1 (all).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FailRate(f64);

impl FromStr for FailRate {
    type Err = FailRateError;

    fn from_str(text: &str) -> Result<Self, FailRateError> {
        match text.parse::<f64>() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(Self(rate)),
            _ => Err(FailRateError),
        }
    }
}

/// The text is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailRateError;

impl fmt::Display for FailRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number from 0 to 1")
    }
}

impl std::error::Error for FailRateError {}

/// The faults of one running stub.
pub(crate) struct Faults {
    rate: FailRate,
    /// The part of a failure that earlier webhooks left owing.
    owed: Mutex<f64>,
    pub(crate) delay: Duration,
}

impl Faults {
    pub(crate) fn new(rate: FailRate, delay: Duration) -> Self {
        Self { rate, owed: Mutex::new(0.0), delay }
    }

    /// Whether the next webhook fails.
    pub(crate) fn next_fails(&self) -> bool {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        *owed += self.rate.0;
        let fails = *owed + ROUNDING >= 1.0;
        if fails {
            *owed -= 1.0;
        }
        fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(rate: &str, webhooks: usize) -> Vec<usize> {
        let faults = Faults::new(rate.parse().unwrap(), Duration::ZERO);
        (1..=webhooks).filter(|_| faults.next_fails()).collect()
    }

    #[test]
    fn spreads_failures_evenly() {
        assert_eq!(failures("0", 100), Vec::<usize>::new());
        assert_eq!(failures("0.5", 6), [2, 4, 6]);
        assert_eq!(failures("0.25", 8), [4, 8]);
        assert_eq!(failures("0.75", 4), [2, 3, 4]);
        assert_eq!(failures("1", 3), [1, 2, 3]);
    }

    #[test]
    fn owes_no_failure_to_rounding() {
        assert_eq!(failures("0.1", 30), [10, 20, 30]);
        assert_eq!(failures("0.1", 10_000).len(), 1000);
    }

    #[test]
    fn takes_rates_from_0_to_1_only() {
        assert_eq!("0".parse(), Ok(FailRate(0.0)));
        assert_eq!("1".parse(), Ok(FailRate(1.0)));
        for text in ["-0.1", "1.1", "NaN", "inf", "half", ""] {
            assert_eq!(text.parse::<FailRate>(), Err(FailRateError), "{text:?}");
        }
    }
}
