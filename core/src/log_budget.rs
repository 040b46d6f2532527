//! How many lines the filter may log, so that a flood of bad requests does not become one of lines.
//!
//! Specification: `docs/contract.md`, section 8.

use std::mem;
use std::time::Duration;

/// Lines a second, for each worker.
const LINES_PER_SECOND: u32 = 10;

/// The lines of the current second.
#[derive(Debug, Default)]
pub struct LogBudget {
    second: u64,
    written: u32,
    held_back: u64,
}

impl LogBudget {
    /// Asks for a line at `now`, counted from the Unix epoch: `Some` allows it, and says how many
    /// lines had been held back since the last one that was allowed.
    pub fn take(&mut self, now: Duration) -> Option<u64> {
        if now.as_secs() != self.second {
            self.second = now.as_secs();
            self.written = 0;
        }
        if self.written >= LINES_PER_SECOND {
            self.held_back = self.held_back.saturating_add(1);
            return None;
        }
        self.written = self.written.saturating_add(1);
        Some(self.flush())
    }

    /// How many lines have been held back since the last one that was allowed, to be told now.
    pub const fn flush(&mut self) -> u64 {
        mem::replace(&mut self.held_back, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_ten_lines_a_second_and_then_counts_what_it_held_back() {
        let mut budget = LogBudget::default();
        let second = Duration::from_secs(1_700_000_000);
        for line in 0..10 {
            assert_eq!(budget.take(second), Some(0), "line {line}");
        }
        for line in 10..15 {
            assert_eq!(budget.take(second + Duration::from_millis(999)), None, "line {line}");
        }
        assert_eq!(budget.take(second + Duration::from_secs(1)), Some(5));
        assert_eq!(budget.take(second + Duration::from_secs(1)), Some(0));
        assert_eq!(budget.flush(), 0);
    }
}
