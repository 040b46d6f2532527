//! The names of the filter's metrics.
//!
//! Proxy-wasm metrics have no labels, so labels are spelled in the name, as
//! `<metric>.<label>.<value>`, and `stats_tags` in Envoy's bootstrap extracts them.
//! Specification: the contract, section 8.

use crate::document::EventType;
use crate::exchange::{OTHER_EVENT, Verdict};
use crate::reject::Reason;

/// Gauge: 1 while the configuration is usable, else 0.
pub const CONFIG_OK: &str = "junction_webhook_config_ok";
/// Histogram: bytes of body received for a guarded request.
pub const BODY_BYTES: &str = "junction_webhook_body_bytes";
/// Histogram: microseconds of the filter's own work on a guarded request, its callbacks up to the
/// verdict and what it asks of Envoy in them. Not seconds: Envoy's samples are whole numbers.
pub const FILTER_MICROSECONDS: &str = "junction_webhook_filter_microseconds";
/// Histogram: whole seconds from the signed time to the arrival of a request whose signature
/// matched.
pub const SIGNATURE_AGE_SECONDS: &str = "junction_webhook_signature_age_seconds";
/// Counter: markers of accepted events.
pub const MARKERS: &str = "junction_webhook_markers_total";
/// The outcome of a request that is not guarded.
const UNGUARDED: &str = "unguarded";

/// Which counter of requests a verdict belongs to; none stands for an unguarded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLabels {
    /// The verdict.
    pub verdict: Option<Verdict>,
    /// Why the request is refused, or would be.
    pub reason: Option<Reason>,
}

impl RequestLabels {
    /// The one that occurs only where repeats are remembered.
    pub const REPEATED: Self = Self { verdict: Some(Verdict::Repeated), reason: None };

    /// All other combinations that can occur.
    pub fn all() -> impl Iterator<Item = Self> {
        let reasons = || Reason::ALL.into_iter().map(Some);
        let with = |verdict| move |reason| Self { verdict, reason };
        [None, Some(Verdict::Forwarded), Some(Verdict::Acknowledged), Some(Verdict::Shadowed)]
            .into_iter()
            .map(|verdict| Self { verdict, reason: None })
            .chain(reasons().map(with(Some(Verdict::Rejected))))
            .chain(reasons().map(with(Some(Verdict::Shadowed))))
    }

    /// The counter's name.
    #[must_use]
    pub fn name(self) -> String {
        let outcome = self.verdict.map_or(UNGUARDED, Verdict::label);
        let no_reason = self.verdict.map_or("none", Verdict::reason_label);
        let reason = self.reason.map_or(no_reason, Reason::label);
        format!("junction_webhook_requests_total.outcome.{outcome}.reason.{reason}")
    }
}

/// The labels of the counters of events.
pub fn event_types() -> impl Iterator<Item = &'static str> {
    EventType::ALL.into_iter().map(EventType::as_str).chain([OTHER_EVENT])
}

/// The name of the counter of events of a type.
#[must_use]
pub fn events_name(event_type: &str) -> String {
    format!("junction_webhook_events_total.event_type.{event_type}")
}
