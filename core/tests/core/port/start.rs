//! What a worker says when it starts.

use junction_webhook::metrics::Series;
use junction_webhook::port::{Flow, Request, Worker};
use junction_webhook::reject::Reason;
use junction_webhook::report::Verdict;
use serde_json::json;
use test_support::borrowed;
use test_support::fake_host::{Call, FakeHost};

use super::{BODY, NOW, gauges, plugin, signed};

#[test]
fn an_unusable_configuration_is_an_error_in_the_log_that_says_what_is_guarded() {
    let mode = "configuration is unusable: mode: must be \"enforce\" or \"shadow\"";
    let modes = "configuration is unusable: modes: unknown field";
    for (field, start, end, everything) in [
        ("mode", mode, "; its path is answered with 500", 0),
        (
            "modes",
            modes,
            "; everything is answered with 500, since it does not say which path was meant",
            1,
        ),
    ] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        let worker = Worker::start(plugin(&json!({field: 1})), None, &host);
        let mut calls = host.take_calls();
        let Call::Error(line) = calls.remove(0) else { panic!("{calls:?}") };
        assert!(line.starts_with(start) && line.ends_with(end), "{line}");
        assert_eq!(calls, gauges(0, everything, 0));
        for (path, is_refused) in [("/v1/webhooks/junction", true), ("/else", everything == 1)] {
            let mut headers = signed();
            headers[1].1 = path.into();
            let flow =
                Request::new(&worker).on_head(Some(&borrowed(&headers)), false, &worker, &host);
            assert_eq!(flow == Flow::Hold, is_refused, "{field}: {path}");
            let refused = Series::Requests(Verdict::Rejected(Reason::Configuration));
            let series = if is_refused { refused } else { Series::Unguarded };
            assert_eq!(host.take_calls()[0], Call::Add(series, 1), "{field}: {path}");
        }
    }
}

#[test]
fn what_may_leave_the_endpoint_open_by_mistake_is_warned_of_at_the_start() {
    for (config, warnings, shadow) in [
        (json!({}), &[][..], 0),
        (
            json!({"mode": "shadow"}),
            &["mode is shadow: nothing is refused, and every request goes on, verified or not"],
            1,
        ),
        (
            json!({"path": "/Hooks"}),
            &["path has capital letters: it is guarded in exactly these, and no others"],
            0,
        ),
        (json!({"path": "/"}), &["path is /: it is guarded alone, and nothing below it"], 0),
    ] {
        let host = FakeHost::default();
        let _ = Worker::start(plugin(&config), None, &host);
        let expected = warnings.iter().map(|warning| Call::Warn((*warning).to_owned()));
        let expected: Vec<_> = expected.chain(gauges(1, 0, shadow)).collect();
        assert_eq!(host.take_calls(), expected, "{config}");
    }
}
