//! The filter's metrics: each series with its name and labels, and its place among all.
//!
//! How a host spells labels is the host's. Specification: `docs/contract.md`, section 8.

use crate::report::{Acknowledged, EventLabel, Verdict};

/// How a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It has a value.
    Gauge,
    /// It has samples.
    Histogram,
}

/// One series of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// Gauge: 1 while the configuration is usable and every scheme in it has a secret, else 0.
    ConfigOk,
    /// Gauge: 1 while an unusable configuration does not say which path was meant, so that every
    /// request is refused, else 0.
    GuardsEverything,
    /// Gauge: 1 while the mode is shadow, so that nothing is refused, else 0.
    Shadow,
    /// Histogram: bytes of body received for a guarded request.
    BodyBytes,
    /// Histogram: microseconds of the filter's own work on a guarded request, its callbacks up to
    /// the verdict and what it asks of Envoy in them. Not seconds: Envoy's samples are whole
    /// numbers.
    FilterMicroseconds,
    /// Histogram: whole seconds from the signed time to the arrival of a request whose signature
    /// matched.
    SignatureAgeSeconds,
    /// Counter: markers of accepted events.
    Markers,
    /// Counter: requests that are not guarded.
    Unguarded,
    /// Counter: guarded requests, by their verdict.
    Requests(Verdict),
    /// Counter: proven events, by their type.
    Events(EventLabel),
}

/// Those without a value of their own, in order.
const SINGLE: [Series; 8] = [
    Series::ConfigOk,
    Series::GuardsEverything,
    Series::Shadow,
    Series::BodyBytes,
    Series::FilterMicroseconds,
    Series::SignatureAgeSeconds,
    Series::Markers,
    Series::Unguarded,
];

impl Series {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let requests = Verdict::all().map(Self::Requests);
        let events = EventLabel::all().map(Self::Events);
        SINGLE.into_iter().chain(requests).chain(events)
    }

    /// Its place in [`Self::all`].
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "bounded by the number of series")]
    pub fn index(self) -> usize {
        match self {
            Self::Requests(verdict) => SINGLE.len() + verdict.index(),
            Self::Events(event_type) => SINGLE.len() + Verdict::COUNT + event_type.index(),
            Self::ConfigOk => 0,
            Self::GuardsEverything => 1,
            Self::Shadow => 2,
            Self::BodyBytes => 3,
            Self::FilterMicroseconds => 4,
            Self::SignatureAgeSeconds => 5,
            Self::Markers => 6,
            Self::Unguarded => 7,
        }
    }

    /// How it counts.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::ConfigOk | Self::GuardsEverything | Self::Shadow => Kind::Gauge,
            Self::BodyBytes | Self::FilterMicroseconds | Self::SignatureAgeSeconds => {
                Kind::Histogram
            }
            Self::Markers | Self::Unguarded | Self::Requests(_) | Self::Events(_) => Kind::Counter,
        }
    }

    /// Whether it exists from the start, where a host `remembers` repeats or does not.
    #[must_use]
    pub const fn is_used(self, remembers: bool) -> bool {
        remembers || !matches!(self, Self::Requests(Verdict::Acknowledged(Acknowledged::Repeat)))
    }

    /// The metric's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConfigOk => "junction_webhook_config_ok",
            Self::GuardsEverything => "junction_webhook_guards_everything",
            Self::Shadow => "junction_webhook_shadow",
            Self::BodyBytes => "junction_webhook_body_bytes",
            Self::FilterMicroseconds => "junction_webhook_filter_microseconds",
            Self::SignatureAgeSeconds => "junction_webhook_signature_age_seconds",
            Self::Markers => "junction_webhook_markers_total",
            Self::Unguarded | Self::Requests(_) => "junction_webhook_requests_total",
            Self::Events(_) => "junction_webhook_events_total",
        }
    }

    /// The labels, in order: a name and a value each.
    pub fn labels(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let labels = match self {
            Self::Unguarded => [Some(("outcome", "unguarded")), Some(("reason", "none"))],
            Self::Requests(verdict) => {
                [Some(("outcome", verdict.outcome())), Some(("reason", verdict.reason_label()))]
            }
            Self::Events(event_type) => [Some(("event_type", event_type.as_str())), None],
            Self::ConfigOk
            | Self::GuardsEverything
            | Self::Shadow
            | Self::BodyBytes
            | Self::FilterMicroseconds
            | Self::SignatureAgeSeconds
            | Self::Markers => [None, None],
        };
        labels.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_series_has_its_own_place_and_its_own_labels() {
        let mut seen = HashSet::new();
        for (place, series) in Series::all().enumerate() {
            assert_eq!(series.index(), place, "{series:?}");
            let labels: Vec<_> = series.labels().collect();
            assert!(seen.insert((series.name(), labels)), "{series:?}");
        }
        assert_eq!(seen.len(), SINGLE.len() + Verdict::COUNT + EventLabel::COUNT);
    }

    #[test]
    fn all_but_that_of_repeats_exist_where_none_are_remembered() {
        assert!(Series::all().all(|series| series.is_used(true)));
        let unused: Vec<_> = Series::all().filter(|series| !series.is_used(false)).collect();
        let labels: Vec<_> = unused[0].labels().collect();
        assert_eq!((unused.len(), unused[0].name()), (1, "junction_webhook_requests_total"));
        assert_eq!(labels, [("outcome", "acknowledged"), ("reason", "duplicate")]);
    }
}
