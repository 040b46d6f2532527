//! How much one search may do.
//!
//! Counted, and not timed: the same request gets the same answer on every machine, and a test sees
//! the bound break. Whatever takes time in proportion to the request is taken from here first.

/// What one search may do in all, in units of hashing one byte: so much that all there is to try of
/// a webhook of 1 MiB is tried, in two seconds or three on a machine that hashes 2 GB/s.
pub(crate) const MOST_UNITS: usize = 4 * 1024 * 1024 * 1024;

/// What is left to do, in units of hashing one byte.
#[derive(Debug)]
pub(super) struct Work {
    left: usize,
}

/// There is less left than the next step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

impl Work {
    pub(super) const fn of(units: usize) -> Self {
        Self { left: units }
    }

    /// Takes what `count` things of so many units each take.
    ///
    /// # Errors
    /// Fails where less is left, and takes nothing.
    pub(super) fn take(&mut self, count: usize, units: usize) -> Result<(), Spent> {
        self.left = self.left.checked_sub(count.saturating_mul(units)).ok_or(Spent)?;
        Ok(())
    }

    pub(super) const fn left(&self) -> usize {
        self.left
    }
}
