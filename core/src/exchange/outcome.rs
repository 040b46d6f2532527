//! What the state machine tells its host: what to do next, and what to report of a verdict.

use std::borrow::Cow;
use std::time::Duration;

use crate::reject::{Answer, Reason};

/// The label of an event that is acknowledged without being of a documented type.
pub const OTHER_EVENT: &str = "other";

/// What the host does next.
#[derive(Debug)]
pub enum Outcome {
    /// Let this part of the request go on as it is.
    Continue,
    /// Hold everything back and wait for more.
    Wait,
    /// Let the head go on with these changes, to a filter that holds it back, and hold the body.
    PassHead(Forward),
    /// The request is not guarded: let all of it go on.
    Unguarded,
    /// There is a verdict: report it, then act on it.
    Decided(Report, Action),
}

/// A verdict, for metrics, access log and log: nothing that is secret or a patient's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What becomes of the request.
    pub verdict: Verdict,
    /// Why it is refused, or would be.
    pub reason: Option<Reason>,
    /// The event id: proven where `reason` is none, else only claimed.
    pub event_id: Option<String>,
    /// The event's type, or [`OTHER_EVENT`], of an accepted or acknowledged event.
    pub event_type: Option<&'static str>,
    /// How many markers an accepted event has.
    pub marker_count: usize,
    /// How many bytes of body were received before the verdict.
    pub body_bytes: usize,
    /// How long before the arrival of its head a request was signed, zero where its time lies ahead;
    /// none unless the signature matched, since anyone may claim a time, and where it signs none.
    pub signature_age: Option<Duration>,
}

impl Report {
    /// The reason's name, `duplicate` of a repeat, or `none`.
    #[must_use]
    pub fn reason_label(&self) -> &'static str {
        self.reason.map_or(self.verdict.reason_label(), Reason::label)
    }
}

/// What becomes of a guarded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The normalised event goes to the upstream.
    Forwarded,
    /// The filter answers with a refusal.
    Rejected,
    /// The filter answers that the event is of no interest.
    Acknowledged,
    /// The same, since the upstream has taken the event already.
    Repeated,
    /// The original request goes to the upstream, whatever the verdict.
    Shadowed,
}

impl Verdict {
    /// The name in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Rejected => "rejected",
            Self::Acknowledged | Self::Repeated => "acknowledged",
            Self::Shadowed => "shadowed",
        }
    }

    /// What stands in the place of the reason's name where no check failed.
    #[must_use]
    pub const fn reason_label(self) -> &'static str {
        match self {
            Self::Repeated => "duplicate",
            Self::Forwarded | Self::Rejected | Self::Acknowledged | Self::Shadowed => "none",
        }
    }
}

/// What the host carries out for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer the request; the upstream never sees it.
    Answer(Answer),
    /// Let the request go on, changed.
    Forward(Forward),
}

/// The changes to a request that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// Headers to remove, all that are present and end here.
    pub remove: Vec<String>,
    /// Headers to set, in place of any by that name.
    pub set: Vec<(&'static str, Cow<'static, str>)>,
    /// The body in place of the sender's, and no trailers; none leaves both as they are.
    pub body: Option<Vec<u8>>,
}
