//! The memory of events that the upstream has taken, in bytes that the workers of one Envoy share.
//!
//! Owns the memory's form: entries in sets, a set under each of a fixed number of keys, since a
//! [`Store`] never gives a key's memory back. Whatever goes wrong ends in forgetting.
//! Specification: `docs/duplicates.md`.

use std::fmt;
use std::time::Duration;

use junction_webhook::repeats::{Fingerprint, Limits, Repeats};

/// The most events under one key. Many, so that few are forgotten early because their keys happen
/// to coincide; few enough to copy at every look.
const MOST_IN_A_SET: u32 = 16;
/// How often a set that others change at the same time is written before the event is forgotten.
const ATTEMPTS: usize = 8;
/// What distinguishes the keys from those of other modules, and of another form of the memory.
/// A key of up to 22 bytes lies within the host's own string.
const KEY_PREFIX: &str = "junction_dup1/";

/// Where the workers of one Envoy keep what they share: values by key, each with a version that
/// changes whenever the value is set.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// The value and its version, or `None` where this key was never set.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] where the host does not let the module read.
    fn value(&self, key: &str) -> Result<Option<(Vec<u8>, u32)>, StoreError>;

    /// Replaces the value if it still has this version; without a version, whatever it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] where it has another version by now, [`StoreError::Refused`] where
    /// the host does not let the module write.
    fn replace(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), StoreError>;
}

/// Why a store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// Somebody else has set the value in the meantime.
    Changed,
    /// The host does not let the module.
    Refused,
}

/// The events that the upstream has taken.
#[derive(Debug)]
pub(crate) struct Memory {
    limits: Limits,
    store: Box<dyn Store>,
}

impl Memory {
    /// Prepares the memory, without a loss to workers that use it already.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be used.
    pub(crate) fn open(limits: Limits, store: Box<dyn Store>) -> Result<Self, StoreError> {
        let last = sets(limits).saturating_sub(1);
        // They are made in order, so that the last one is a proof of all others.
        if store.value(&key(last))?.is_none() {
            for set in 0..=last {
                if store.value(&key(set))?.is_none() {
                    store.replace(&key(set), &[], None)?;
                }
            }
        }
        Ok(Self { limits, store })
    }

    /// The set that an event belongs to, and its key.
    fn set_of(&self, event: &Fingerprint) -> (u32, String) {
        let [a, b, c, d, ..] = *event.bytes();
        let set = u32::from_be_bytes([a, b, c, d]).checked_rem(sets(self.limits)).unwrap_or(0);
        (set, key(set))
    }

    /// A time ahead counts like one behind: a clock that is set back must not keep an event for
    /// longer.
    fn is_fresh(&self, entry: &Entry, now: Duration) -> bool {
        entry.taken_at.abs_diff(now) < self.limits.lifetime()
    }
}

impl Repeats for Memory {
    fn knows(&self, event: &Fingerprint, now: Duration) -> bool {
        let (_, key) = self.set_of(event);
        let Ok(Some((set, _))) = self.store.value(&key) else { return false };
        entries(&set).any(|entry| entry.fingerprint == *event.bytes() && self.is_fresh(&entry, now))
    }

    /// In the place of the one in its set that was taken first.
    fn remember(&self, event: &Fingerprint, now: Duration) {
        let (set, key) = self.set_of(event);
        let others = capacity_of(self.limits, set).saturating_sub(1);
        for _ in 0..ATTEMPTS {
            let Ok(found) = self.store.value(&key) else { return };
            let (value, version) =
                found.map_or((Vec::new(), None), |(value, version)| (value, Some(version)));
            let kept: Vec<_> =
                entries(&value).filter(|entry| entry.fingerprint != *event.bytes()).collect();
            let too_many = kept.len().saturating_sub(others);
            let own = Entry { fingerprint: *event.bytes(), taken_at: now };
            let next: Vec<u8> =
                kept.into_iter().skip(too_many).chain([own]).flat_map(Entry::bytes).collect();
            if self.store.replace(&key, &next, version) != Err(StoreError::Changed) {
                return;
            }
        }
    }
}

/// How many keys hold the events.
fn sets(limits: Limits) -> u32 {
    limits.remember().div_ceil(MOST_IN_A_SET)
}

/// How many events a set holds; all sets together hold exactly as many as are to be remembered.
fn capacity_of(limits: Limits, set: u32) -> usize {
    let (remember, sets) = (limits.remember(), sets(limits));
    let (even, rest) = (remember.checked_div(sets), remember.checked_rem(sets));
    let size = even.unwrap_or(0).saturating_add(u32::from(set < rest.unwrap_or(0)));
    usize::try_from(size).unwrap_or(usize::MAX)
}

fn key(set: u32) -> String {
    format!("{KEY_PREFIX}{set}")
}

/// An event in its set: the fingerprint, then when it was taken, in nanoseconds.
#[derive(Clone, Debug)]
struct Entry {
    fingerprint: [u8; Fingerprint::BYTES],
    taken_at: Duration,
}

/// The bytes of an entry.
const ENTRY_BYTES: usize = Fingerprint::BYTES + size_of::<u64>();

impl Entry {
    fn bytes(self) -> impl Iterator<Item = u8> {
        // Until the year 2554; then the event counts as taken long ago, and is forgotten.
        let taken_at = u64::try_from(self.taken_at.as_nanos()).unwrap_or(0);
        self.fingerprint.into_iter().chain(taken_at.to_be_bytes())
    }
}

/// The events in a set, those taken first in front. Bytes behind the last whole entry are ignored.
fn entries(set: &[u8]) -> impl Iterator<Item = Entry> {
    set.chunks_exact(ENTRY_BYTES).filter_map(|entry| {
        let (fingerprint, taken_at) = entry.split_first_chunk()?;
        let taken_at = u64::from_be_bytes(taken_at.try_into().ok()?);
        Some(Entry { fingerprint: *fingerprint, taken_at: Duration::from_nanos(taken_at) })
    })
}

#[cfg(test)]
mod tests;
