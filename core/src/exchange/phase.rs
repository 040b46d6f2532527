//! How far a request has come, and what is known of it there.

use std::time::Duration;

use crate::repeats::{Endpoint, Fingerprint};
use crate::report::{EventLabel, Report, Verdict};
use crate::signature::Pending;

/// How far a request has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// The head has not been seen.
    Head,
    /// The head is in order; the body is on its way.
    Body(Box<Held>),
    /// The request is not guarded: all of it goes on untouched.
    Unguarded,
    /// The event goes on.
    Forwarded {
        /// The event to remember once the upstream takes it.
        awaited: Option<Fingerprint>,
    },
    /// The request goes on as it came, with the verdict beside it.
    Shadowed,
    /// The filter has answered, or the host by itself.
    Answered,
}

/// A request whose head is in order.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) pending: Pending,
    pub(super) head: Head,
    /// Where it goes, where repeats are remembered.
    pub(super) endpoint: Option<Endpoint>,
    /// When the head arrived, since the Unix epoch.
    pub(super) received_at: Duration,
}

/// Where the head is while the body arrives.
#[derive(Debug)]
pub(super) enum Head {
    /// The host holds it back, and removes these headers before it goes on.
    Held { withheld: Vec<String> },
    /// It went on, to a filter that holds it back, and can no longer be changed.
    Passed,
}

impl Default for Head {
    fn default() -> Self {
        Self::Held { withheld: Vec::new() }
    }
}

/// What is known of a request when its verdict falls.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) event_id: Option<String>,
    pub(super) event_type: Option<EventLabel>,
    pub(super) marker_count: usize,
    pub(super) body_bytes: usize,
    pub(super) signature_age: Option<Duration>,
    pub(super) head: Head,
}

impl Known {
    pub(super) fn report(self, verdict: Verdict) -> Report {
        let Self { event_id, event_type, marker_count, body_bytes, signature_age, .. } = self;
        Report { verdict, event_id, event_type, marker_count, body_bytes, signature_age }
    }
}
