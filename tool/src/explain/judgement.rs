//! What the filter makes of a captured request, by the filter's own code.
//!
//! Drives the core's [`Exchange`] as a host does, and tells where its verdict fell. Decides
//! nothing.

use std::{sync::Arc, time::Duration};

use junction_webhook::{
    exchange::{Action, Exchange, Outcome, Plugin},
    reject::Reason,
    report::{Report, Verdict},
    signature::SignatureError,
};

use super::capture::Capture;

/// A check of the contract's section 2, by its number there; before them whether the request is
/// guarded at all, section 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Guarded,
    Configuration,
    Method,
    ContentEncoding,
    ContentType,
    DeclaredLength,
    SignatureHeaders,
    BodyLength,
    Signature,
    Json,
    Schema,
    Forward,
}

impl Check {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 12] = [
        Self::Guarded,
        Self::Configuration,
        Self::Method,
        Self::ContentEncoding,
        Self::ContentType,
        Self::DeclaredLength,
        Self::SignatureHeaders,
        Self::BodyLength,
        Self::Signature,
        Self::Json,
        Self::Schema,
        Self::Forward,
    ];

    /// Its number in the contract; 0 of what comes before.
    pub(crate) fn number(self) -> usize {
        Self::ALL.iter().position(|own| *own == self).unwrap_or_default()
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Guarded => "guarded",
            Self::Configuration => "configuration",
            Self::Method => "method",
            Self::ContentEncoding => "content-encoding",
            Self::ContentType => "content-type",
            Self::DeclaredLength => "declared length",
            Self::SignatureHeaders => "signature headers",
            Self::BodyLength => "body length",
            Self::Signature => "signature",
            Self::Json => "json",
            Self::Schema => "schema",
            Self::Forward => "forward",
        }
    }
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Passed,
    Failed,
    NotReached,
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

/// What the filter makes of a request.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// Nothing: it is for another path.
    Unguarded,
    /// A verdict, and where it fell.
    Decided { report: Report, action: Action, end: End },
    /// Nothing yet: the capture lacks a part of the body.
    Undecided,
}

/// The last check that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It failed.
    Failed(Check),
    /// The event is valid, and answered without being forwarded.
    Acknowledged,
    /// All passed.
    Forwarded,
    /// None of them: the filter met a state that it holds impossible.
    Internal,
}

/// How much of a request the filter had when its verdict fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Body,
}

impl Judgement {
    /// Hands a request to the core, its whole body in one piece, at `now` since the Unix epoch.
    pub(crate) fn of(plugin: &Arc<Plugin>, capture: &Capture, now: Duration) -> Self {
        let mut exchange = Exchange::new(Arc::clone(plugin), None);
        let ends_with_head = capture.body.is_empty() && capture.missing.is_none();
        let outcome = exchange.on_head(&capture.head(), ends_with_head, now);
        if let Some(judgement) = Self::from_outcome(outcome, Part::Head) {
            return judgement;
        }
        let outcome = exchange.on_body(capture.body.len());
        if let Some(judgement) = Self::from_outcome(outcome, Part::Body) {
            return judgement;
        }
        if capture.missing.is_some() {
            return Self::Undecided;
        }
        let outcome = exchange.on_end(Some(&capture.body));
        Self::from_outcome(outcome, Part::Body).unwrap_or(Self::Undecided)
    }

    fn from_outcome(outcome: Outcome, part: Part) -> Option<Self> {
        match outcome {
            Outcome::Unguarded => Some(Self::Unguarded),
            Outcome::Decided(report, action) => {
                let end = match (report.verdict.reason(), report.verdict) {
                    (Some(reason), _) => failed(reason, part),
                    (None, Verdict::Acknowledged(_)) => End::Acknowledged,
                    (None, _) => End::Forwarded,
                };
                Some(Self::Decided { report, action, end })
            }
            Outcome::Continue | Outcome::Wait | Outcome::PassHead(_) => None,
        }
    }

    /// Why the request is refused, or would be.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match self {
            Self::Decided { report, .. } => report.verdict.reason(),
            Self::Unguarded | Self::Undecided => None,
        }
    }

    /// What became of a check: those before the one that failed have passed, by the order of the
    /// contract.
    pub(crate) fn state(&self, check: Check) -> State {
        let failed = match self {
            Self::Unguarded => Check::Guarded,
            Self::Undecided => return before(check, Check::BodyLength),
            Self::Decided { end: End::Failed(failed), .. } => *failed,
            Self::Decided { end: End::Acknowledged, .. } => return before(check, Check::Forward),
            Self::Decided { end: End::Forwarded, .. } => return State::Passed,
            Self::Decided { end: End::Internal, .. } => return State::NotReached,
        };
        if check == failed { State::Failed } else { before(check, failed) }
    }
}

fn before(check: Check, end: Check) -> State {
    if check.number() < end.number() { State::Passed } else { State::NotReached }
}

/// The check that a reason is the failure of.
fn failed(reason: Reason, part: Part) -> End {
    End::Failed(match reason {
        Reason::Configuration => Check::Configuration,
        Reason::Path => Check::Guarded,
        Reason::Method => Check::Method,
        Reason::ContentEncoding => Check::ContentEncoding,
        Reason::ContentType => Check::ContentType,
        Reason::BodySize if part == Part::Head => Check::DeclaredLength,
        Reason::BodySize => Check::BodyLength,
        Reason::Signature(SignatureError::Mismatch) => Check::Signature,
        Reason::Signature(_) => Check::SignatureHeaders,
        Reason::Json => Check::Json,
        Reason::Schema => Check::Schema,
        Reason::Internal => return End::Internal,
    })
}
