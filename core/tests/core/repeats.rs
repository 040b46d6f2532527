//! Repeats through the state machine: asked once a request is proven, remembered once it is taken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use junction_webhook::config::{Config, Guarded};
use junction_webhook::document::EventType;
use junction_webhook::exchange::{Action, Exchange, Outcome, Plugin};
use junction_webhook::reject::Reason;
use junction_webhook::repeats::{Destination, Fingerprint, Repeats};
use junction_webhook::report::{Acknowledged, EventLabel, Report, Verdict};
use junction_webhook::route::Route;
use junction_webhook::signature::SignatureError;
use serde_json::{Value, json};
use test_support::{OwnedHeader, borrowed};

const NOW: Duration = Duration::from_secs(1_795_000_000);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &str =
    r#"{"event_type":"labtest.result.ready","data":{"markers":[{"name":"a","value":1}]}}"#;

const REPEAT: Verdict = Verdict::Acknowledged(Acknowledged::Repeat);

/// What the workers of one Envoy share, and how often it was opened and asked.
#[derive(Debug, Default)]
struct Shared {
    lifetime: Duration,
    taken: Mutex<HashMap<Fingerprint, Duration>>,
    asked: AtomicUsize,
}

impl Shared {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Repeats for Shared {
    fn knows(&self, event: &Fingerprint, now: Duration) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let taken_at = self.taken.lock().unwrap().get(event).copied();
        taken_at.is_some_and(|taken_at| taken_at.abs_diff(now) < self.lifetime)
    }

    fn remember(&self, event: &Fingerprint, now: Duration) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.taken.lock().unwrap().insert(*event, now);
    }
}

/// One plugin on one worker.
struct Worker {
    plugin: Arc<Plugin>,
    repeats: Option<Arc<dyn Repeats>>,
    shared: Arc<Shared>,
}

impl Worker {
    fn new(extra: &Value) -> Self {
        let mut config = json!({"svix": {"secrets": [{"inline": SECRET}]},
            "hmac": {"secrets": [{"inline": "plain"}]},
            "duplicates": {"remember": 100, "seconds": 60}});
        for (field, value) in extra.as_object().unwrap() {
            config[field] = value.clone();
        }
        let mut shared = Arc::default();
        let config = Config::parse(config.to_string().as_bytes(), |_| None::<String>).unwrap();
        let (config, repeats) = config
            .open_repeats(|limits| {
                assert_eq!(limits.remember(), 100);
                shared = Arc::new(Shared { lifetime: limits.lifetime(), ..Shared::default() });
                let opened: Arc<dyn Repeats> = shared.clone();
                Ok::<_, &str>(opened)
            })
            .unwrap();
        Self { plugin: Arc::new(Ok(config)), repeats, shared }
    }

    fn receive(&self, headers: &[OwnedHeader], body: &str, now: Duration) -> (Exchange, Outcome) {
        let mut exchange = Exchange::new(Arc::clone(&self.plugin), self.repeats.clone());
        let outcome = match exchange.on_head(&borrowed(headers), false, now) {
            Outcome::Wait | Outcome::PassHead(_) => {
                let held = exchange.on_body(body.len());
                assert!(matches!(held, Outcome::Wait), "{held:?}");
                exchange.on_end(Some(body.as_bytes()))
            }
            outcome => outcome,
        };
        (exchange, outcome)
    }

    /// Sends the event, which the upstream takes if it gets it; how that was judged.
    fn send(&self, headers: &[OwnedHeader], now: Duration) -> Verdict {
        let (mut exchange, outcome) = self.receive(headers, BODY, now);
        exchange.on_taken(now);
        report(&outcome).verdict
    }
}

fn report(outcome: &Outcome) -> &Report {
    let Outcome::Decided(report, _) = outcome else { panic!("{outcome:?}") };
    report
}

fn request(headers: Vec<(&str, String)>) -> Vec<OwnedHeader> {
    let pseudo = [
        (":method", "POST".to_owned()),
        (":path", "/v1/webhooks/junction".to_owned()),
        (":authority", "webhooks.test".to_owned()),
    ];
    let all = pseudo.into_iter().chain(headers);
    all.map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
}

/// Signed as Junction does, at `at`.
fn svix(id: &str, at: Duration) -> Vec<OwnedHeader> {
    let at = i64::try_from(at.as_secs()).unwrap();
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    request(vec![
        ("svix-id", id.to_owned()),
        ("svix-timestamp", at.to_string()),
        ("svix-signature", signer.sign(id, at, BODY.as_bytes()).unwrap()),
    ])
}

/// Signed in the plain scheme, which has no id.
fn plain(body: &str) -> Vec<OwnedHeader> {
    let tag = hmac_sha256::HMAC::mac(body, "plain");
    let hex: Vec<_> = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    request(vec![("x-signature", hex.concat())])
}

fn set(headers: &[OwnedHeader], name: &str, value: &str) -> Vec<OwnedHeader> {
    let others = headers.iter().filter(|(own, _)| own != name).cloned();
    others.chain([(name.to_owned(), value.as_bytes().to_vec())]).collect()
}

#[test]
fn a_repeat_of_what_the_upstream_took_is_answered_as_documented() {
    let worker = Worker::new(&json!({}));
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);

    let later = NOW + Duration::from_secs(5);
    let (exchange, outcome) = worker.receive(&svix("msg_a", later), BODY, later);
    let Outcome::Decided(report, Action::Answer(answer)) = outcome else { panic!("{outcome:?}") };
    let body = r#"{"received":true,"event_type":"labtest.result.ready","ignored":true}"#;
    assert_eq!((answer.status, answer.body.as_str()), (200, body));
    assert_eq!(report.verdict, REPEAT);
    assert_eq!(
        (report.verdict.outcome(), report.verdict.reason_label()),
        ("acknowledged", "duplicate")
    );
    assert_eq!(report.event_id.as_deref(), Some("msg_a"));
    assert_eq!(
        (report.event_type, report.marker_count),
        (Some(EventLabel::Documented(EventType::ResultReady)), 0)
    );
    assert!(!exchange.awaits_answer(), "a repeat is not remembered for longer");
}

#[test]
fn an_event_that_the_upstream_did_not_take_is_forwarded_again() {
    let worker = Worker::new(&json!({}));
    for attempt in 0..3 {
        let (exchange, outcome) = worker.receive(&svix("msg_a", NOW), BODY, NOW);
        assert_eq!(report(&outcome).verdict, Verdict::Forwarded, "{attempt}");
        assert!(exchange.awaits_answer(), "{attempt}");
    }
}

#[test]
fn a_resend_after_so_many_seconds_is_forwarded() {
    let worker = Worker::new(&json!({}));
    let end = NOW + Duration::from_mins(1);
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);
    let just_before = end.checked_sub(Duration::from_nanos(1)).unwrap();
    assert_eq!(worker.send(&svix("msg_a", end), just_before), REPEAT);
    // The repeat itself has not made it last longer.
    assert_eq!(worker.send(&svix("msg_a", end), end), Verdict::Forwarded);
}

#[test]
fn a_repeat_that_is_not_proven_is_refused_and_the_memory_is_not_asked() {
    let worker = Worker::new(&json!({}));
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);
    let asked = worker.shared.asked();

    let forged = set(&svix("msg_a", NOW), "svix-signature", "v1,AAAA");
    let old = svix("msg_a", NOW.checked_sub(Duration::from_secs(301)).unwrap());
    let unsigned = request(vec![]);
    for (name, headers, body, error) in [
        ("forged", &forged, BODY, SignatureError::Mismatch),
        ("another body", &svix("msg_a", NOW), "{}", SignatureError::Mismatch),
        ("replayed too late", &old, BODY, SignatureError::TimestampTooOld),
        ("unsigned", &unsigned, BODY, SignatureError::Missing),
    ] {
        let (exchange, outcome) = worker.receive(headers, body, NOW);
        assert_eq!(report(&outcome).verdict.reason(), Some(Reason::Signature(error)), "{name}");
        assert!(!exchange.awaits_answer(), "{name}");
    }
    let method = set(&svix("msg_a", NOW), ":method", "GET");
    let (_, outcome) = worker.receive(&method, BODY, NOW);
    assert_eq!(report(&outcome).verdict.reason(), Some(Reason::Method));
    assert_eq!(worker.shared.asked(), asked);
}

#[test]
fn a_repeat_that_breaks_the_schema_is_refused() {
    let worker = Worker::new(&json!({}));
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    let at = i64::try_from(NOW.as_secs()).unwrap();
    let headers =
        set(&svix("msg_a", NOW), "svix-signature", &signer.sign("msg_a", at, b"{}").unwrap());
    let (_, outcome) = worker.receive(&headers, "{}", NOW);
    assert_eq!(report(&outcome).verdict.reason(), Some(Reason::Schema));
}

#[test]
fn under_plain_hmac_the_body_that_is_signed_names_the_event_and_no_header_does() {
    let worker = Worker::new(&json!({}));
    let send = |headers: &[OwnedHeader], body: &str| {
        let (mut exchange, outcome) = worker.receive(headers, body, NOW);
        exchange.on_taken(NOW);
        report(&outcome).verdict
    };
    let other = BODY.replace("ready", "critical");
    let key = |headers: &[OwnedHeader]| set(headers, "idempotency-key", "msg_a");
    assert_eq!(send(&key(&plain(BODY)), BODY), Verdict::Forwarded);
    assert_eq!(send(&key(&plain(&other)), &other), Verdict::Forwarded, "the id is not signed");
    assert_eq!(send(&set(&plain(BODY), "idempotency-key", "b"), BODY), REPEAT);
}

#[test]
fn the_same_event_to_another_host_is_another_delivery() {
    let worker = Worker::new(&json!({}));
    let elsewhere = |headers: &[OwnedHeader]| set(headers, ":authority", "other.test");
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);
    assert_eq!(worker.send(&elsewhere(&svix("msg_a", NOW)), NOW), Verdict::Forwarded);
    assert_eq!(worker.send(&elsewhere(&svix("msg_a", NOW)), NOW), REPEAT);
}

/// What steers a request is not signed: who captures a webhook may add to it.
#[test]
fn the_same_event_to_another_target_is_another_delivery() {
    let worker = Worker::new(&json!({}));
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);
    for (name, value) in [
        (":path", "/v1/webhooks/junction?env=staging"),
        (":path", "/v1/webhooks/junction?validate_only=1"),
        (":path", "/v1/webhooks/junction?"),
        (":path", "/v1//webhooks/junction"),
        (":authority", "webhooks.test:443"),
        (":scheme", "https"),
    ] {
        let elsewhere = set(&svix("msg_a", NOW), name, value);
        assert_eq!(worker.send(&elsewhere, NOW), Verdict::Forwarded, "{name}: {value}");
        assert_eq!(worker.send(&elsewhere, NOW), REPEAT, "{name}: {value}, again");
    }
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), REPEAT);
}

#[test]
fn the_same_event_to_another_route_or_cluster_is_another_delivery() {
    let worker = Worker::new(&json!({}));
    let to = |route: &str, cluster: &str| Destination {
        route: route.as_bytes().to_vec(),
        cluster: cluster.as_bytes().to_vec(),
    };
    for destination in
        [to("a", "b"), to("", ""), to("", "b"), to("a", ""), to("ab", ""), to("", "ab")]
    {
        let send = || {
            let headers = svix("msg_a", NOW);
            let mut exchange = Exchange::new(Arc::clone(&worker.plugin), worker.repeats.clone());
            assert!(!exchange.awaits_destination(), "nothing has come");
            exchange.on_head(&borrowed(&headers), false, NOW);
            exchange.on_body(BODY.len());
            assert!(exchange.awaits_destination());
            exchange.on_destination(&destination);
            let outcome = exchange.on_end(Some(BODY.as_bytes()));
            assert!(!exchange.awaits_destination(), "it has its verdict");
            exchange.on_taken(NOW);
            report(&outcome).verdict
        };
        assert_eq!(send(), Verdict::Forwarded, "{destination:?}");
        assert_eq!(send(), REPEAT, "{destination:?}");
    }
}

#[test]
fn where_nothing_is_remembered_the_destination_does_not_matter() {
    let worker = Worker::new(&json!({"duplicates": null}));
    let mut exchange = Exchange::new(Arc::clone(&worker.plugin), worker.repeats.clone());
    exchange.on_head(&borrowed(&svix("msg_a", NOW)), false, NOW);
    assert!(!exchange.awaits_destination());
}

#[test]
fn where_the_head_is_passed_on_first_a_repeat_is_answered_all_the_same() {
    let worker = Worker::new(&json!({"hold_headers": false}));
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), Verdict::Forwarded);
    assert_eq!(worker.send(&svix("msg_a", NOW), NOW), REPEAT);
}

#[test]
fn shadow_mode_and_a_filter_without_the_setting_open_no_store_and_remember_nothing() {
    for extra in [json!({"mode": "shadow"}), json!({"duplicates": null})] {
        let worker = Worker::new(&extra);
        for _ in 0..2 {
            let (exchange, outcome) = worker.receive(&svix("msg_a", NOW), BODY, NOW);
            assert_ne!(report(&outcome).verdict, REPEAT, "{extra}");
            assert!(!exchange.awaits_answer(), "{extra}");
        }
        assert_eq!(worker.shared.asked(), 0, "{extra}");
    }
}

#[test]
fn a_host_that_allows_no_store_makes_the_configuration_unusable() {
    let text = json!({"path": "/hooks", "svix": {"secrets": [{"inline": SECRET}]},
                      "duplicates": {"remember": 1, "seconds": 1}})
    .to_string();
    let config = Config::parse(text.as_bytes(), |_| None::<String>).unwrap();
    let unusable = config.open_repeats(|_| Err("the host has none")).unwrap_err();
    assert_eq!(unusable.error.to_string(), "duplicates: the host has none");
    assert_eq!(unusable.guarded, Guarded::Path(Route::new("/hooks").unwrap()));
}
