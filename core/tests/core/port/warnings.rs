//! What is warned of while requests are served, and how often.

use junction_webhook::metrics::Series;
use junction_webhook::port::{Flow, Request};
use junction_webhook::reject::Reason;
use junction_webhook::report::Verdict;
use serde_json::json;
use test_support::borrowed;
use test_support::fake_host::{Call, FakeHost};

use super::{BODY, NOW, arrived, signed, worker};

#[test]
fn a_head_that_nobody_holds_back_is_refused_with_a_warning() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let worker = worker(&json!({"hold_headers": false}), &host);
    let mut request = Request::new(&worker);
    assert_eq!(request.on_head(Some(&borrowed(&signed())), false, &worker, &host), Flow::Continue);
    assert!(matches!(host.take_calls().as_slice(), [Call::Change(_)]));
    host.is_head_gone.set(true);
    assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Hold);
    let calls = host.take_calls();
    let line = "hold_headers is false, and nothing behind this filter holds heads back: \
                remedy of a leaked head";
    assert_eq!(calls[0], Call::Warn(line.to_owned()));
    let refused = Series::Requests(Verdict::Rejected(Reason::Configuration));
    assert_eq!(calls[1], Call::Add(refused, 1));
    assert!(calls.iter().any(|call| matches!(call, Call::Answer(answer) if answer.status == 500)));
}

#[test]
fn a_request_that_went_on_unverified_is_warned_of() {
    for (status, warned) in [(Some(200), true), (Some(503), true), (None, false)] {
        let host = FakeHost::new(NOW, b"");
        let worker = worker(&json!({}), &host);
        Request::new(&worker).on_body(1, false, &worker, &host);
        let mut request = arrived(&worker, &host);
        host.take_calls();
        host.upstream_status.set(status);
        request.on_done(&worker, &host);
        let line = "a webhook went on unverified: remedy of an unverified request";
        let expected = warned.then(|| Call::Warn(line.to_owned()));
        assert_eq!(host.take_calls(), expected.as_slice(), "{status:?}");
    }
}

#[test]
fn a_starved_request_is_warned_of_until_some_body_has_come() {
    let host = FakeHost::new(NOW, b"");
    let worker = worker(&json!({}), &host);
    let starve = || {
        let mut request = arrived(&worker, &host);
        request.on_done(&worker, &host);
        host.take_calls()
    };
    let line = "a webhook ended before any of its body came: where all do, \
                remedy of a starved request";
    assert_eq!(starve(), [Call::Warn(line.to_owned())]);
    let mut request = arrived(&worker, &host);
    request.on_body(1, false, &worker, &host);
    assert_eq!(starve(), []);
}

#[test]
fn the_log_has_a_budget_and_says_what_it_held_back() {
    let host = FakeHost::new(NOW, b"");
    let worker = worker(&json!({}), &host);
    let refuse = || {
        let head = [(":path", b"/v1/webhooks/junction".as_slice())];
        Request::new(&worker).on_head(Some(&head), true, &worker, &host);
        let calls = host.take_calls();
        calls.into_iter().filter(|call| matches!(call, Call::Warn(_))).count()
    };
    assert_eq!((0..15).map(|_| refuse()).sum::<usize>(), 10);
    worker.tick(&host);
    let line = "5 lines about rejected webhooks held back";
    assert_eq!(host.take_calls(), [Call::Warn(line.to_owned())]);
    worker.tick(&host);
    assert_eq!(host.take_calls(), []);
}
