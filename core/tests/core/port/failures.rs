//! What a host cannot do, and what panics in one: refused, told, and never a forward.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use junction_webhook::exchange::Forward;
use junction_webhook::metrics::Series;
use junction_webhook::port::{Change, Flow, Request, Worker};
use junction_webhook::reject::Reason;
use junction_webhook::report::Verdict;
use serde_json::json;
use test_support::borrowed;
use test_support::fake_host::{Call, FakeHost};

use super::{BODY, NOW, Remembered, arrived, plugin, signed, state, worker};

const TOO_LONG: &str = r#"{"error":"payload_too_large","message":"The body is too large"}"#;
const INTERNAL: &str = r#"{"error":"internal_error","message":"Internal error"}"#;
const PANIC: &str = "the filter met a panic in a request: please report it";
const REFUSED: Series = Series::Requests(Verdict::Rejected(Reason::Internal));

fn length() -> u64 {
    u64::try_from(BODY.len()).unwrap()
}

/// The answer among what a host was asked to do, taken out of it.
fn take_answer(calls: &mut Vec<Call>) -> Option<(u16, String)> {
    let place = calls.iter().position(|call| matches!(call, Call::Answer(_)))?;
    assert!(!calls[place + 1..].iter().any(is_told), "told, then answered: {calls:?}");
    let Call::Answer(answer) = calls.remove(place) else { unreachable!() };
    assert_eq!(take_answer(calls), None, "one answer");
    Some((answer.status, answer.body))
}

fn is_told(call: &Call) -> bool {
    matches!(call, Call::FilterState(..) | Call::Warn(_) | Call::Error(_))
}

#[test]
fn an_event_that_cannot_take_the_bodys_place_is_refused_told_and_then_answered() {
    let answered = |status, body: &str| Some((status, body.to_owned()));
    for (change, reason, label, answer) in [
        (Change::NoRoom, Reason::BodySize, "body_size", answered(413, TOO_LONG)),
        // The host has answered by itself.
        (Change::Refused, Reason::BodySize, "body_size", None),
        (Change::Failed, Reason::Internal, "internal", answered(500, INTERNAL)),
    ] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        host.change.set(change);
        let remembered = Arc::<Remembered>::default();
        let worker = Worker::start(plugin(&json!({})), Some(remembered.clone()), &host);
        let mut request = arrived(&worker, &host);
        request.on_body(BODY.len(), false, &worker, &host);
        host.take_calls();
        assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Hold);
        let mut calls = host.take_calls();
        assert!(matches!(calls.remove(0), Call::Change(Forward { body: Some(_), .. })));
        assert_eq!(take_answer(&mut calls), answer, "{change:?}");
        assert_eq!(
            calls,
            [
                Call::Add(Series::Requests(Verdict::Rejected(reason)), 1),
                Call::Record(Series::BodyBytes, length()),
                Call::Record(Series::SignatureAgeSeconds, 2),
                state("junction_webhook_verdict", "rejected"),
                state("junction_webhook_reason", label),
                state("junction_webhook_event_id", "msg_1"),
                Call::Warn(format!("webhook rejected: reason={label} event_id=msg_1")),
                Call::Record(Series::FilterMicroseconds, 0),
            ],
            "{change:?}"
        );
        assert!(request.is_answered(), "{change:?}");
        assert_eq!(request.on_trailers(&worker, &host), Flow::Hold, "{change:?}");
        host.upstream_status.set(Some(200));
        request.on_done(&worker, &host);
        assert_eq!(host.take_calls(), [], "{change:?}");
        assert!(remembered.0.lock().unwrap().is_empty(), "{change:?}");
    }
}

#[test]
fn a_head_that_cannot_be_changed_does_not_go_on() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let worker = worker(&json!({"hold_headers": false}), &host);
    host.change.set(Change::Failed);
    let mut request = Request::new(&worker);
    assert_eq!(request.on_head(Some(&borrowed(&signed())), false, &worker, &host), Flow::Hold);
    let mut calls = host.take_calls();
    assert_eq!(take_answer(&mut calls), Some((500, INTERNAL.to_owned())));
    assert_eq!(calls[1], Call::Add(REFUSED, 1));
    assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Hold);
    assert_eq!(host.take_calls(), []);
}

#[test]
fn a_head_that_the_host_cannot_read_is_an_internal_error() {
    let host = FakeHost::new(NOW, b"");
    let worker = worker(&json!({"mode": "shadow"}), &host);
    let mut request = Request::new(&worker);
    assert_eq!(request.on_head(None, false, &worker, &host), Flow::Hold);
    let calls = host.take_calls();
    assert_eq!(calls[0], Call::Add(REFUSED, 1));
    assert!(calls.iter().any(|call| matches!(call, Call::Answer(answer) if answer.status == 500)));
    assert_eq!(request.on_body(1, true, &worker, &host), Flow::Hold);
}

#[test]
fn a_body_that_the_host_cannot_give_is_an_internal_error() {
    for body in [None, Some(BODY.as_bytes()[1..].to_vec())] {
        let host = FakeHost::new(NOW, b"");
        host.body.replace(body);
        let worker = worker(&json!({}), &host);
        let mut request = arrived(&worker, &host);
        assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Hold);
        assert_eq!(host.take_calls()[0], Call::Add(REFUSED, 1));
    }
}

/// In shadow mode as well.
#[test]
fn a_panic_is_told_as_every_refusal_is_and_then_answered_once() {
    for mode in ["enforce", "shadow"] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        let worker = worker(&json!({"mode": mode}), &host);
        host.take_calls();
        let mut request = arrived(&worker, &host);
        request.on_body(7, false, &worker, &host);
        assert_eq!(request.on_panic(&worker, &host), Flow::Hold);
        let mut calls = host.take_calls();
        assert_eq!(take_answer(&mut calls), Some((500, INTERNAL.to_owned())));
        assert_eq!(
            calls,
            [
                Call::Error(PANIC.to_owned()),
                Call::Add(REFUSED, 1),
                Call::Record(Series::BodyBytes, 7),
                state("junction_webhook_verdict", "rejected"),
                state("junction_webhook_reason", "internal"),
                state("junction_webhook_event_id", "msg_1"),
                Call::Warn("webhook rejected: reason=internal event_id=msg_1".to_owned()),
            ]
        );
        assert!(request.is_answered());
        // And whatever follows, however often it panics.
        assert_eq!(request.on_body(BODY.len(), false, &worker, &host), Flow::Hold);
        assert_eq!(request.on_panic(&worker, &host), Flow::Hold);
        assert_eq!(request.on_trailers(&worker, &host), Flow::Hold);
        host.upstream_status.set(Some(200));
        request.on_done(&worker, &host);
        assert_eq!(host.take_calls(), [], "{mode}");
    }
}

/// The exchange has had its verdict by then, and has told nobody.
#[test]
fn what_was_known_before_a_panic_is_told() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let worker = worker(&json!({}), &host);
    let mut request = arrived(&worker, &host);
    host.panics_at.set(Some("change"));
    let hook = || request.on_body(BODY.len(), true, &worker, &host);
    assert!(catch_unwind(AssertUnwindSafe(hook)).is_err());
    host.panics_at.set(None);
    assert_eq!(host.take_calls(), []);
    request.on_panic(&worker, &host);
    let calls = host.take_calls();
    assert!(calls.contains(&Call::Record(Series::BodyBytes, length())), "{calls:?}");
    assert!(calls.contains(&state("junction_webhook_event_id", "msg_1")), "{calls:?}");
}

#[test]
fn a_panic_within_what_is_told_leaves_that_out_and_is_answered_all_the_same() {
    for place in ["now", "add", "record", "set_filter_state", "warn", "error"] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        let worker = worker(&json!({}), &host);
        let mut request = arrived(&worker, &host);
        host.panics_at.set(Some(place));
        let mut panicked = || {
            let hook = || request.on_panic(&worker, &host);
            catch_unwind(AssertUnwindSafe(hook)).ok()
        };
        assert_eq!(panicked(), None, "{place}");
        assert_eq!(panicked(), Some(Flow::Hold), "{place}");
        let mut calls = host.take_calls();
        assert_eq!(take_answer(&mut calls), Some((500, INTERNAL.to_owned())), "{place}");
    }
}

#[test]
fn a_panic_after_the_verdict_is_counted_and_not_told_twice() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let remembered = Arc::<Remembered>::default();
    let worker = Worker::start(plugin(&json!({})), Some(remembered.clone()), &host);
    let mut request = arrived(&worker, &host);
    assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Continue);
    host.take_calls();
    assert_eq!(request.on_panic(&worker, &host), Flow::Hold);
    let mut calls = host.take_calls();
    assert_eq!(take_answer(&mut calls), Some((500, INTERNAL.to_owned())));
    assert_eq!(calls, [Call::Error(PANIC.to_owned()), Call::Add(REFUSED, 1)]);
    host.upstream_status.set(Some(200));
    request.on_done(&worker, &host);
    assert!(remembered.0.lock().unwrap().is_empty(), "the sender was told that it failed");
}

#[test]
fn a_panic_at_a_requests_end_has_nothing_to_answer() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let worker = worker(&json!({}), &host);
    let mut request = arrived(&worker, &host);
    host.panics_at.set(Some("upstream_status"));
    let hook = || request.on_done(&worker, &host);
    assert!(catch_unwind(AssertUnwindSafe(hook)).is_err());
    request.on_panic(&worker, &host);
    assert_eq!(host.take_calls(), [Call::Error(PANIC.to_owned()), Call::Add(REFUSED, 1)]);
}

#[test]
fn panics_share_the_logs_budget_with_refusals() {
    let host = FakeHost::new(NOW, b"");
    let worker = worker(&json!({}), &host);
    let lines = |requests: u32| {
        (0..requests).for_each(|_| {
            Request::new(&worker).on_panic(&worker, &host);
        });
        let calls = host.take_calls();
        calls.iter().filter(|call| matches!(call, Call::Warn(_) | Call::Error(_))).count()
    };
    assert_eq!((lines(4), lines(4)), (8, 2));
    host.now.set(NOW + Duration::from_secs(1));
    assert_eq!(lines(1), 3, "and what was held back");
}
