//! The names under which Envoy knows the filter's metrics.
//!
//! Proxy-wasm metrics have no labels, so labels are spelled in the name, as
//! `<metric>.<label>.<value>`, and `stats_tags` in Envoy's bootstrap extracts them.

use junction_webhook::metrics::Series;

/// The name of one series.
pub(crate) fn spell(series: Series) -> String {
    let mut name = series.name().to_owned();
    for (label, value) in series.labels() {
        name.extend([".", label, ".", value]);
    }
    name
}

#[cfg(test)]
mod tests {
    use junction_webhook::document::EventType;
    use junction_webhook::reject::Reason;
    use junction_webhook::report::{Acknowledged, EventLabel, Verdict};

    use super::*;

    #[test]
    fn labels_are_spelled_in_the_name() {
        let repeat = Verdict::Acknowledged(Acknowledged::Repeat);
        let critical = EventLabel::Documented(EventType::ResultCritical);
        for (series, name) in [
            (Series::ConfigOk, "junction_webhook_config_ok"),
            (Series::Unguarded, "junction_webhook_requests_total.outcome.unguarded.reason.none"),
            (
                Series::Requests(repeat),
                "junction_webhook_requests_total.outcome.acknowledged.reason.duplicate",
            ),
            (
                Series::Requests(Verdict::Shadowed(Err(Reason::BodySize))),
                "junction_webhook_requests_total.outcome.shadowed.reason.body_size",
            ),
            (
                Series::Events(critical),
                "junction_webhook_events_total.event_type.labtest.result.critical",
            ),
        ] {
            assert_eq!(spell(series), name);
        }
    }
}
