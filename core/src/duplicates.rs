//! Which events the upstream has already taken, so that a repeat need not reach it.
//!
//! Owns the memory's form: how an event is told from another, how many are kept and for how long.
//! The bytes lie in a [`Store`] that the workers of one Envoy share, under a fixed number of keys,
//! since that store never gives a key's memory back. To forget is always safe, as the event then
//! goes to the upstream once more; to take an event for another never is. So whatever goes wrong
//! here ends in forgetting, and events are compared by a whole SHA-256.
//! Specification: docs/duplicates.md.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::signature::Verified;

/// How many events may be remembered. An event takes 40 bytes, and its share of a key's cost.
const REMEMBER: RangeInclusive<u32> = 1..=65_536;
/// For how long. A week is well beyond the day in which Junction tries an event again.
const SECONDS: RangeInclusive<u32> = 1..=604_800;
/// The most events under one key. Many, so that few are forgotten early because their keys happen
/// to coincide; few enough to copy at every look.
const MOST_IN_A_SET: u32 = 16;
/// How often a set that others change at the same time is written before the event is forgotten.
const ATTEMPTS: usize = 8;
/// What distinguishes the keys from those of other modules, and of another form of the memory.
/// A key of up to 22 bytes lies within the host's own string.
const KEY_PREFIX: &str = "junction_dup1/";

/// How many events are remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    remember: u32,
    lifetime: Duration,
}

impl Limits {
    /// Takes how many events to remember, and for how many seconds.
    ///
    /// # Errors
    ///
    /// [`LimitsError`] for a number that is out of bounds.
    pub fn new(remember: u64, seconds: u64) -> Result<Self, LimitsError> {
        let within = |number: u64, bounds: RangeInclusive<u32>| {
            u32::try_from(number).ok().filter(|number| bounds.contains(number))
        };
        let remember = within(remember, REMEMBER).ok_or(LimitsError::Remember)?;
        let seconds = within(seconds, SECONDS).ok_or(LimitsError::Seconds)?;
        Ok(Self { remember, lifetime: Duration::from_secs(seconds.into()) })
    }

    /// How many keys hold the events.
    const fn sets(self) -> u32 {
        self.remember.div_ceil(MOST_IN_A_SET)
    }

    /// How many events a set holds; all sets together hold exactly as many as are to be remembered.
    fn size_of(self, set: u32) -> usize {
        let sets = self.sets();
        let (even, rest) = (self.remember.checked_div(sets), self.remember.checked_rem(sets));
        let size = even.unwrap_or(0).saturating_add(u32::from(set < rest.unwrap_or(0)));
        usize::try_from(size).unwrap_or(usize::MAX)
    }
}

/// A limit that is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitsError {
    /// How many events.
    Remember,
    /// For how long.
    Seconds,
}

impl LimitsError {
    /// The name of the limit.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Remember => "remember",
            Self::Seconds => "seconds",
        }
    }
}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds = match self {
            Self::Remember => REMEMBER,
            Self::Seconds => SECONDS,
        };
        write!(f, "must be {} to {}", bounds.start(), bounds.end())
    }
}

impl std::error::Error for LimitsError {}

/// Where the workers of one Envoy keep what they share: values by key, each with a version that
/// changes whenever the value is set.
pub trait Store: fmt::Debug {
    /// The value and its version; none where there never was one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] where the host does not let the module read.
    fn value(&self, key: &str) -> Result<Option<(Vec<u8>, u32)>, StoreError>;

    /// Replaces the value if it still has this version, or whatever it is where that is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] where it has another version by now, [`StoreError::Refused`] where
    /// the host does not let the module write.
    fn replace(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), StoreError>;
}

/// Why a store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Somebody else has set the value in the meantime.
    Changed,
    /// The host does not let the module.
    Refused,
}

/// The events that the upstream has taken.
#[derive(Debug)]
pub struct Memory {
    limits: Limits,
    /// What all events of the plugin have in common.
    plugin: Sha256,
    store: Box<dyn Store>,
}

impl Memory {
    /// Prepares the memory of a plugin that guards `path`, without a loss to workers that use it
    /// already. Different paths are different endpoints, even of one event.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be used.
    pub fn open(limits: Limits, path: &str, store: Box<dyn Store>) -> Result<Self, StoreError> {
        let last = limits.sets().saturating_sub(1);
        // They are made in order, so that the last one is a proof of all others.
        if store.value(&key(last))?.is_none() {
            for set in 0..=last {
                if store.value(&key(set))?.is_none() {
                    store.replace(&key(set), &[], None)?;
                }
            }
        }
        Ok(Self { limits, plugin: absorb(Sha256::new(), path.as_bytes()), store })
    }

    /// Starts to tell events to this host (RFC 9112, section 3.2) from others: the same event may
    /// be sent to several endpoints.
    #[must_use]
    pub fn endpoint(&self, host: &[u8]) -> Endpoint {
        Endpoint(absorb(self.plugin.clone(), host))
    }

    /// Whether the upstream has taken this event not longer ago than it is remembered, seen from
    /// `now` since the Unix epoch.
    #[must_use]
    pub fn knows(&self, event: &Fingerprint, now: Duration) -> bool {
        let (_, key) = self.set_of(event);
        let Ok(Some((set, _))) = self.store.value(&key) else { return false };
        entries(&set).any(|entry| entry.fingerprint == event.0 && self.is_fresh(&entry, now))
    }

    /// Remembers an event that the upstream took at `now`, in the place of the one in its set that
    /// was taken first.
    pub fn remember(&self, event: &Fingerprint, now: Duration) {
        let (set, key) = self.set_of(event);
        let others = self.limits.size_of(set).saturating_sub(1);
        for _ in 0..ATTEMPTS {
            let Ok(found) = self.store.value(&key) else { return };
            let (value, version) =
                found.map_or((Vec::new(), None), |(value, version)| (value, Some(version)));
            let kept: Vec<_> =
                entries(&value).filter(|entry| entry.fingerprint != event.0).collect();
            let too_many = kept.len().saturating_sub(others);
            let own = Entry { fingerprint: event.0, taken_at: now };
            let next: Vec<u8> =
                kept.into_iter().skip(too_many).chain([own]).flat_map(Entry::bytes).collect();
            if self.store.replace(&key, &next, version) != Err(StoreError::Changed) {
                return;
            }
        }
    }

    /// The set that an event belongs to, and its key.
    fn set_of(&self, event: &Fingerprint) -> (u32, String) {
        let [a, b, c, d, ..] = event.0;
        let set = u32::from_be_bytes([a, b, c, d]).checked_rem(self.limits.sets()).unwrap_or(0);
        (set, key(set))
    }

    /// A time ahead counts like one behind: a clock that is set back must not keep an event for
    /// longer.
    fn is_fresh(&self, entry: &Entry, now: Duration) -> bool {
        entry.taken_at.abs_diff(now) < self.limits.lifetime
    }
}

/// What events to one endpoint have in common.
#[derive(Clone, Debug)]
pub struct Endpoint(Sha256);

impl Endpoint {
    /// Names an event by what its signature proves.
    #[must_use]
    pub fn event(self, verified: &Verified) -> Fingerprint {
        let scheme = absorb(self.0, verified.scheme.as_str().as_bytes());
        Fingerprint(absorb(scheme, verified.event_id.as_bytes()).finalize().into())
    }
}

/// An event, told from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

/// The bytes of a SHA-256.
const FINGERPRINT_BYTES: usize = 32;

/// Whether an answer is the upstream's own, and says that it took the event: what Envoy knows of it
/// at its end, the status as a 64-bit integer and the details of the response code.
///
/// Envoy's own answers have other details, and so does one that broke off.
#[must_use]
pub fn is_taken(status: &[u8], details: &[u8]) -> bool {
    let status = <[u8; 8]>::try_from(status).map(i64::from_le_bytes);
    status.is_ok_and(|status| (200..300).contains(&status)) && details == b"via_upstream"
}

fn key(set: u32) -> String {
    format!("{KEY_PREFIX}{set}")
}

/// Adds one part; none of them has a NUL, so the end of each is certain.
fn absorb(digest: Sha256, part: &[u8]) -> Sha256 {
    digest.chain_update(part).chain_update([0])
}

/// An event in its set: the fingerprint, then when it was taken, in nanoseconds.
#[derive(Clone, Debug)]
struct Entry {
    fingerprint: [u8; FINGERPRINT_BYTES],
    taken_at: Duration,
}

/// The bytes of an entry.
const ENTRY_BYTES: usize = FINGERPRINT_BYTES + size_of::<u64>();

impl Entry {
    fn bytes(self) -> impl Iterator<Item = u8> {
        // Until the year 2554; then the event counts as taken long ago, and is forgotten.
        let taken_at = u64::try_from(self.taken_at.as_nanos()).unwrap_or(0);
        self.fingerprint.into_iter().chain(taken_at.to_be_bytes())
    }
}

/// The events in a set, those taken first in front; whatever else the bytes are is none.
fn entries(set: &[u8]) -> impl Iterator<Item = Entry> {
    set.chunks_exact(ENTRY_BYTES).filter_map(|entry| {
        let (fingerprint, taken_at) = entry.split_first_chunk()?;
        let taken_at = u64::from_be_bytes(taken_at.try_into().ok()?);
        Some(Entry { fingerprint: *fingerprint, taken_at: Duration::from_nanos(taken_at) })
    })
}

#[cfg(test)]
mod tests;
