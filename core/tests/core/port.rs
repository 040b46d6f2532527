//! What a host is asked to do, and in which order, with a host that writes it down.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

mod failures;
mod start;
mod warnings;

use junction_webhook::config::Config;
use junction_webhook::document::EventType;
use junction_webhook::exchange::{Forward, Plugin};
use junction_webhook::metrics::Series;
use junction_webhook::port::{Flow, Request, Worker, upstream_status};
use junction_webhook::reject::Reason;
use junction_webhook::repeats::{Destination, Fingerprint, Repeats};
use junction_webhook::report::{EventLabel, Verdict};
use junction_webhook::signature::SignatureError;
use serde_json::json;
use test_support::fake_host::{Call, FakeHost};
use test_support::{OwnedHeader, borrowed};

const NOW: Duration = Duration::from_secs(1_795_000_000);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &str =
    r#"{"event_type":"labtest.result.ready","data":{"markers":[{"name":"a","value":1}]}}"#;
const MISMATCH: Reason = Reason::Signature(SignatureError::Mismatch);

fn plugin(extra: &serde_json::Value) -> Plugin {
    let mut config = json!({"svix": {"secrets": [{"inline": SECRET}]}});
    for (field, value) in extra.as_object().unwrap() {
        config[field] = value.clone();
    }
    Config::parse(config.to_string().as_bytes(), |_| None::<String>)
}

fn worker(extra: &serde_json::Value, host: &FakeHost) -> Worker {
    let worker = Worker::start(plugin(extra), None, host);
    let is_shadow = u64::from(extra["mode"] == "shadow");
    let gauges = gauges(1, 0, is_shadow);
    assert!(host.take_calls().ends_with(&gauges));
    worker
}

/// The gauges of a start: usable, guards everything, shadow.
fn gauges(ok: u64, everything: u64, shadow: u64) -> [Call; 3] {
    [
        Call::Record(Series::ConfigOk, ok),
        Call::Record(Series::GuardsEverything, everything),
        Call::Record(Series::Shadow, shadow),
    ]
}

/// Signed two seconds before it arrives.
fn signed() -> Vec<OwnedHeader> {
    let at = i64::try_from(NOW.as_secs()).unwrap() - 2;
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = signer.sign("msg_1", at, BODY.as_bytes()).unwrap();
    [
        (":method", "POST"),
        (":path", "/v1/webhooks/junction"),
        ("svix-id", "msg_1"),
        ("svix-timestamp", &at.to_string()),
        ("svix-signature", &signature),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec()
}

/// A signed request whose head has come, and no more of it.
fn arrived(worker: &Worker, host: &FakeHost) -> Request {
    let mut request = Request::new(worker);
    request.on_head(Some(&borrowed(&signed())), false, worker, host);
    request
}

fn state(key: &'static str, value: &str) -> Call {
    Call::FilterState(key, value.to_owned())
}

#[test]
fn a_verified_event_goes_on_is_counted_and_told_to_the_access_log() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let worker = worker(&json!({}), &host);
    let mut request = Request::new(&worker);
    assert_eq!(request.on_head(Some(&borrowed(&signed())), false, &worker, &host), Flow::Hold);
    assert_eq!(request.on_body(BODY.len(), false, &worker, &host), Flow::Hold);
    assert_eq!(host.take_calls(), []);
    assert_eq!(request.on_trailers(&worker, &host), Flow::Continue);
    let mut calls = host.take_calls();
    let change = calls.remove(1);
    assert!(matches!(&change, Call::Change(Forward { body: Some(_), .. })), "{change:?}");
    let ready = EventLabel::Documented(EventType::ResultReady);
    assert_eq!(
        calls,
        [
            Call::DropTrailers,
            Call::Add(Series::Requests(Verdict::Forwarded), 1),
            Call::Add(Series::Events(ready), 1),
            Call::Add(Series::Markers, 1),
            Call::Record(Series::BodyBytes, u64::try_from(BODY.len()).unwrap()),
            Call::Record(Series::SignatureAgeSeconds, 2),
            state("junction_webhook_verdict", "forwarded"),
            state("junction_webhook_reason", "none"),
            state("junction_webhook_event_id", "msg_1"),
            state("junction_webhook_event_type", "labtest.result.ready"),
            Call::Record(Series::FilterMicroseconds, 0),
        ]
    );
    assert_eq!(host.reads.take(), [BODY.len()], "read once, whole");
}

#[test]
fn the_trailers_of_a_shadowed_request_are_screened_whenever_its_verdict_fell() {
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (when, head) in [("head", &signed()[..2]), ("end", &signed()[..])] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        host.trailer_names.replace(Some(names(&["x-sum", "x_junction_verdict"])));
        let worker = worker(&json!({"mode": "shadow"}), &host);
        let mut request = Request::new(&worker);
        request.on_head(Some(&borrowed(head)), false, &worker, &host);
        request.on_body(BODY.len(), false, &worker, &host);
        assert_eq!(request.on_trailers(&worker, &host), Flow::Continue, "{when}");
        let calls = host.take_calls();
        let removed = Call::RemoveTrailers(names(&["x_junction_verdict"]));
        assert!(calls.contains(&removed), "{when}: {calls:?}");
        assert!(!calls.contains(&Call::DropTrailers), "{when}");
    }
}

#[test]
fn trailers_of_a_shadowed_request_that_the_host_cannot_read_are_dropped() {
    let host = FakeHost::new(NOW, b"");
    let worker = worker(&json!({"mode": "shadow"}), &host);
    let mut request = Request::new(&worker);
    request.on_head(Some(&borrowed(&signed()[..2])), false, &worker, &host);
    host.take_calls();
    assert_eq!(request.on_trailers(&worker, &host), Flow::Continue);
    assert_eq!(host.take_calls(), [Call::DropTrailers]);
}

#[test]
fn the_same_event_is_told_apart_by_where_the_host_sends_it() {
    let host = FakeHost::new(NOW, BODY.as_bytes());
    let remembered = Arc::<Remembered>::default();
    let worker = Worker::start(plugin(&json!({})), Some(remembered.clone()), &host);
    for (route, cluster) in [("a", "b"), ("a", "c"), ("b", "b"), ("a", "b")] {
        let (route, cluster) = (route.as_bytes().to_vec(), cluster.as_bytes().to_vec());
        host.destination.replace(Destination { route, cluster });
        let mut request = arrived(&worker, &host);
        request.on_body(BODY.len(), true, &worker, &host);
        host.upstream_status.set(Some(200));
        request.on_done(&worker, &host);
    }
    let events = remembered.1.lock().unwrap();
    assert_eq!(events.len(), 4);
    assert!(events[0] != events[1] && events[0] != events[2] && events[1] != events[2]);
    assert_eq!(events[0], events[3]);
}

#[test]
fn a_refusal_is_counted_told_to_the_access_log_logged_and_then_answered() {
    let host = FakeHost::new(NOW, b"{}");
    let worker = worker(&json!({}), &host);
    let mut request = Request::new(&worker);
    assert_eq!(request.on_head(Some(&borrowed(&signed())), false, &worker, &host), Flow::Hold);
    assert_eq!(request.on_body(2, true, &worker, &host), Flow::Hold);
    let mut calls = host.take_calls();
    let Call::Answer(answer) = calls.remove(calls.len() - 2) else { panic!("{calls:?}") };
    assert_eq!(answer.status, 401);
    assert_eq!(
        calls,
        [
            Call::Add(Series::Requests(Verdict::Rejected(MISMATCH)), 1),
            Call::Record(Series::BodyBytes, 2),
            state("junction_webhook_verdict", "rejected"),
            state("junction_webhook_reason", "signature_mismatch"),
            state("junction_webhook_event_id", "msg_1"),
            Call::Warn("webhook rejected: reason=signature_mismatch event_id=msg_1".to_owned()),
            Call::Record(Series::FilterMicroseconds, 0),
        ]
    );
    assert_eq!(request.on_trailers(&worker, &host), Flow::Hold);
    assert_eq!(host.take_calls(), [], "one answer");
}

#[test]
fn an_unguarded_request_is_counted_and_nothing_else() {
    let host = FakeHost::new(NOW, b"");
    let worker = worker(&json!({}), &host);
    let mut request = Request::new(&worker);
    let head = [(":path", b"/other".as_slice())];
    assert_eq!(request.on_head(Some(&head), false, &worker, &host), Flow::Continue);
    assert_eq!(request.on_body(9, true, &worker, &host), Flow::Continue);
    assert_eq!(request.on_trailers(&worker, &host), Flow::Continue);
    request.on_done(&worker, &host);
    assert_eq!(host.take_calls(), [Call::Add(Series::Unguarded, 1)]);
    assert!(host.reads.take().is_empty());
}

#[test]
fn a_long_path_with_dot_segments_is_refused_on_its_head_wherever_it_leads() {
    let path = format!("/{}/../v1/webhooks/junction", "a".repeat(4072));
    assert_eq!(path.len(), 4097);
    for (config, verdict, flow) in [
        (json!({}), Verdict::Rejected(Reason::Path), Flow::Hold),
        (json!({"mode": "shadow"}), Verdict::Shadowed(Err(Reason::Path)), Flow::Continue),
    ] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        let worker = Worker::start(plugin(&config), None, &host);
        host.take_calls();
        let mut headers = signed();
        // Before every other check.
        headers[0].1 = b"GET".to_vec();
        headers[1].1 = path.clone().into();
        let mut request = Request::new(&worker);
        assert_eq!(request.on_head(Some(&borrowed(&headers)), false, &worker, &host), flow);
        let calls = host.take_calls();
        assert!(calls.contains(&Call::Add(Series::Requests(verdict), 1)), "{calls:?}");
        let acted = calls.iter().find(|call| matches!(call, Call::Answer(_) | Call::Change(_)));
        match acted.unwrap() {
            Call::Answer(answer) => {
                let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
                let message = "A path with a .. segment must not be longer than 4096 bytes";
                assert_eq!((answer.status, flow), (400, Flow::Hold));
                assert_eq!(body, json!({"error": "validation_error", "message": message}));
            }
            Call::Change(forward) => {
                assert_eq!(forward.set, [("x-junction-verdict", "reject;path".into())]);
                assert_eq!((&forward.body, forward.remove.len()), (&None, 0));
                assert_eq!(flow, Flow::Continue);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What was remembered.
#[derive(Debug, Default)]
struct Remembered(Mutex<Vec<Duration>>, Mutex<Vec<Fingerprint>>);

impl Repeats for Remembered {
    fn knows(&self, _: &Fingerprint, _: Duration) -> bool {
        false
    }

    fn remember(&self, event: &Fingerprint, now: Duration) {
        self.0.lock().unwrap().push(now);
        self.1.lock().unwrap().push(*event);
    }
}

#[test]
fn only_the_upstreams_own_whole_answer_has_a_status() {
    let broken_off = "upstream_reset_after_response_started{connection_termination}";
    for (status, details, found) in [
        (200, "via_upstream", Some(200)),
        (503, "via_upstream", Some(503)),
        (65_535, "via_upstream", Some(65_535)),
        (65_536, "via_upstream", None),
        (u64::MAX, "via_upstream", None),
        (200, "direct_response", None),
        (200, broken_off, None),
        (200, "via_upstrea", None),
        (200, "", None),
    ] {
        assert_eq!(upstream_status(status, details.as_bytes()), found, "{status} {details}");
    }
}

#[test]
fn only_an_upstream_that_answers_2xx_has_taken_the_event() {
    for (status, taken) in [
        (Some(200), true),
        (Some(299), true),
        (Some(199), false),
        (Some(300), false),
        (Some(503), false),
        (None, false),
    ] {
        let host = FakeHost::new(NOW, BODY.as_bytes());
        let remembered = Arc::<Remembered>::default();
        let repeats: Arc<dyn Repeats> = remembered.clone();
        let worker = Worker::start(plugin(&json!({})), Some(repeats), &host);
        let mut request = arrived(&worker, &host);
        assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Continue);
        host.upstream_status.set(status);
        request.on_done(&worker, &host);
        request.on_done(&worker, &host);
        let expected: &[Duration] = if taken { &[NOW] } else { &[] };
        assert_eq!(*remembered.0.lock().unwrap(), expected, "{status:?}");
    }
}
