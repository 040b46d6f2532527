//! What is known of a verdict, for metrics, access log and log: nothing that is secret or a
//! patient's.
//!
//! Owns the names that operators meet there. Specification: `docs/contract.md`, section 8.

use std::time::Duration;

use crate::document::EventType;
use crate::reject::Reason;

/// The filter state that the access log reads, by what it holds.
pub mod filter_state {
    /// The verdict.
    pub const VERDICT: &str = "junction_webhook_verdict";
    /// The reason, or `none`.
    pub const REASON: &str = "junction_webhook_reason";
    /// The event id, where the request has one.
    pub const EVENT_ID: &str = "junction_webhook_event_id";
    /// The event's type, where it is known.
    pub const EVENT_TYPE: &str = "junction_webhook_event_type";
}

/// What becomes of a guarded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The normalised event goes to the upstream.
    Forwarded,
    /// The filter answers with a refusal.
    Rejected(Reason),
    /// The filter answers that it has received the event, and keeps it.
    Acknowledged(Acknowledged),
    /// The original request goes to the upstream, whatever the verdict.
    Shadowed(Result<(), Reason>),
}

/// Why a proven event is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// Its type is not a documented one.
    Ignored,
    /// The upstream has taken it already.
    Repeat,
}

impl Verdict {
    /// How many there are.
    pub const COUNT: usize = 4 + 2 * Reason::ALL.len();

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let accepted = [
            Self::Forwarded,
            Self::Acknowledged(Acknowledged::Ignored),
            Self::Acknowledged(Acknowledged::Repeat),
            Self::Shadowed(Ok(())),
        ];
        let rejected = Reason::ALL.into_iter().map(Self::Rejected);
        let shadowed = Reason::ALL.into_iter().map(|reason| Self::Shadowed(Err(reason)));
        accepted.into_iter().chain(rejected).chain(shadowed)
    }

    /// Its place in [`Self::all`].
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "bounded by COUNT")]
    pub fn index(self) -> usize {
        match self {
            Self::Forwarded => 0,
            Self::Acknowledged(Acknowledged::Ignored) => 1,
            Self::Acknowledged(Acknowledged::Repeat) => 2,
            Self::Shadowed(Ok(())) => 3,
            Self::Rejected(reason) => 4 + reason.index(),
            Self::Shadowed(Err(reason)) => 4 + Reason::ALL.len() + reason.index(),
        }
    }

    /// The outcome's name.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Rejected(_) => "rejected",
            Self::Acknowledged(_) => "acknowledged",
            Self::Shadowed(_) => "shadowed",
        }
    }

    /// Why the request is refused, or would be.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Rejected(reason) | Self::Shadowed(Err(reason)) => Some(reason),
            Self::Forwarded | Self::Acknowledged(_) | Self::Shadowed(Ok(())) => None,
        }
    }

    /// The reason's name, `duplicate` of a repeat, or `none`.
    #[must_use]
    pub const fn reason_label(self) -> &'static str {
        match self {
            Self::Rejected(reason) | Self::Shadowed(Err(reason)) => reason.label(),
            Self::Acknowledged(Acknowledged::Repeat) => "duplicate",
            Self::Forwarded
            | Self::Acknowledged(Acknowledged::Ignored)
            | Self::Shadowed(Ok(())) => "none",
        }
    }
}

/// The type of a proven event, as it is counted: what a sender may write without bound is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventLabel {
    /// One of the documented types.
    Documented(EventType),
    /// Any other.
    Other,
}

impl EventLabel {
    /// How many there are.
    pub const COUNT: usize = EventType::ALL.len() + 1;

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        EventType::ALL.into_iter().map(Self::Documented).chain([Self::Other])
    }

    /// Its place in [`Self::all`].
    #[must_use]
    pub fn index(self) -> usize {
        Self::all().position(|own| own == self).unwrap_or(EventType::ALL.len())
    }

    /// The name in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented(event_type) => event_type.as_str(),
            Self::Other => "other",
        }
    }
}

/// A verdict, and what is known of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What becomes of the request.
    pub verdict: Verdict,
    /// The event id: proven where the verdict has no reason, else only claimed.
    pub event_id: Option<String>,
    /// The event's type, of an accepted or acknowledged event.
    pub event_type: Option<EventLabel>,
    /// How many markers an accepted event has.
    pub marker_count: usize,
    /// How many bytes of body were received before the verdict.
    pub body_bytes: usize,
    /// How long before the arrival of its head a request was signed, zero where its time lies
    /// ahead; `None` unless the signature matched, since anyone may claim a time, and where it
    /// signs none.
    pub signature_age: Option<Duration>,
}

impl Report {
    /// The line about a request that is refused, or would be.
    #[must_use]
    pub fn log_line(&self) -> Option<String> {
        self.verdict.reason()?;
        let would_be = if matches!(self.verdict, Verdict::Shadowed(_)) { "would be " } else { "" };
        let reason = self.verdict.reason_label();
        let event_id = self.event_id.as_deref().unwrap_or("none");
        Some(format!("webhook {would_be}rejected: reason={reason} event_id={event_id}"))
    }

    /// The filter state that the access log reads.
    pub fn filter_state(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            Some((filter_state::VERDICT, self.verdict.outcome())),
            Some((filter_state::REASON, self.verdict.reason_label())),
            self.event_id.as_deref().map(|id| (filter_state::EVENT_ID, id)),
            self.event_type.map(|event_type| (filter_state::EVENT_TYPE, event_type.as_str())),
        ]
        .into_iter()
        .flatten()
    }
}
