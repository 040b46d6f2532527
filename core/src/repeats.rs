//! Which events the upstream has already taken, so that a repeat need not reach it.
//!
//! Owns how an event is told from another, how many are kept and for how long. Where they are kept
//! is the host's, behind [`Repeats`]. To forget is always safe, as the event then goes to the
//! upstream once more; to take an event for another never is. So whatever goes wrong ends in
//! forgetting, and events are compared by a whole SHA-256.
//! Specification: `docs/duplicates.md`.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::signature::Verified;

/// How many events may be remembered. An event takes 40 bytes, and its share of a key's cost.
const REMEMBER: RangeInclusive<u32> = 1..=65_536;
/// For how long. A week is well beyond the day in which Junction tries an event again.
const SECONDS: RangeInclusive<u32> = 1..=604_800;

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

    /// How many events.
    #[must_use]
    pub const fn remember(self) -> u32 {
        self.remember
    }

    /// For how long each.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        self.lifetime
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

/// The events that the upstream has taken, as all workers of one Envoy know them.
pub trait Repeats: fmt::Debug + Send + Sync {
    /// Whether the upstream has taken this event not longer ago than it is remembered, seen from
    /// `now` since the Unix epoch.
    fn knows(&self, event: &Fingerprint, now: Duration) -> bool;

    /// Remembers an event that the upstream took at `now`.
    fn remember(&self, event: &Fingerprint, now: Duration);
}

/// Where the host is about to send a request, in its own names; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// The route.
    pub route: Vec<u8>,
    /// The cluster of upstreams.
    pub cluster: Vec<u8>,
}

/// What events to one endpoint have in common. The same event may be sent to several endpoints, and
/// what tells those apart is not signed: who captures a webhook may send it anywhere.
#[derive(Clone, Debug)]
pub struct Endpoint(Sha256);

impl Endpoint {
    /// Tells apart by what a request's target says (RFC 9110, section 7.1), its query included.
    #[must_use]
    pub fn new<'t>(target: impl IntoIterator<Item = Option<&'t [u8]>>) -> Self {
        let parts = target.into_iter().map(Option::unwrap_or_default);
        Self(parts.fold(Sha256::new(), absorb))
    }

    /// Tells apart by where a host sends it as well.
    #[must_use]
    pub fn at(self, Destination { route, cluster }: &Destination) -> Self {
        Self(absorb(absorb(self.0, route), cluster))
    }

    /// Names an event by what its signature proves.
    #[must_use]
    pub fn event(self, verified: &Verified) -> Fingerprint {
        let scheme = absorb(self.0, verified.scheme.as_str().as_bytes());
        Fingerprint(absorb(scheme, verified.event_id.as_bytes()).finalize().into())
    }
}

/// An event, told from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; Fingerprint::BYTES]);

impl Fingerprint {
    /// The bytes of a SHA-256.
    pub const BYTES: usize = 32;

    /// The digest.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// Adds one part, behind its length, so that no two lists of parts are one text.
fn absorb(digest: Sha256, part: &[u8]) -> Sha256 {
    digest.chain_update(part.len().to_be_bytes()).chain_update(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_every_bound() {
        for (remember, seconds, expected) in [
            (1, 1, Ok(())),
            (65_536, 604_800, Ok(())),
            (0, 1, Err(LimitsError::Remember)),
            (65_537, 1, Err(LimitsError::Remember)),
            (u64::MAX, 1, Err(LimitsError::Remember)),
            (1, 0, Err(LimitsError::Seconds)),
            (1, 604_801, Err(LimitsError::Seconds)),
        ] {
            let found = Limits::new(remember, seconds).map(|_| ());
            assert_eq!(found, expected, "{remember} {seconds}");
        }
    }
}
