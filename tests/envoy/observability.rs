//! Metrics, the access log and Envoy's log: enough to operate, and nothing that is a patient's.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, ID, Request, SECRET, Setup, eventually},
    sample::RESULT,
};

const REASONS: [&str; 14] = [
    "configuration",
    "method",
    "content_encoding",
    "content_type",
    "body_size",
    "signature_missing",
    "signature_malformed",
    "timestamp_malformed",
    "timestamp_too_old",
    "timestamp_too_new",
    "signature_mismatch",
    "json",
    "schema",
    "internal",
];

fn requests(gateway: &Gateway, outcome: &str, reason: &str) -> u64 {
    let labels = [("outcome", outcome), ("reason", reason)];
    gateway.counter("junction_webhook_requests_total", &labels)
}

#[test]
fn every_series_exists_before_the_first_request() {
    let gateway = Setup::new().start();
    for reason in REASONS {
        assert_eq!(requests(&gateway, "rejected", reason), 0, "{reason}");
        assert_eq!(requests(&gateway, "shadowed", reason), 0, "{reason}");
    }
    for outcome in ["forwarded", "acknowledged", "shadowed", "unguarded"] {
        assert_eq!(requests(&gateway, outcome, "none"), 0, "{outcome}");
    }
    for event in
        ["labtest.result.ready", "labtest.result.critical", "order.completed", "order.cancelled"]
    {
        let labels = [("event_type", event)];
        assert_eq!(gateway.counter("junction_webhook_events_total", &labels), 0, "{event}");
    }
    assert_eq!(gateway.counter("junction_webhook_markers_total", &[]), 0);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
}

#[test]
fn counts_every_verdict_once() {
    let gateway = Setup::new().start();
    gateway.send(&Request::signed(RESULT));
    gateway.send(&Request::signed(RESULT).set("svix-id", "msg_forged"));
    gateway.send(&Request::unsigned(RESULT));
    gateway.send(&Request::unsigned(RESULT).method("GET"));
    gateway.send(&Request::signed("{}"));
    gateway.send(&Request::new("GET", "/elsewhere"));

    assert_eq!(requests(&gateway, "forwarded", "none"), 1);
    for reason in ["signature_mismatch", "signature_missing", "method", "schema"] {
        assert_eq!(requests(&gateway, "rejected", reason), 1, "{reason}");
    }
    assert_eq!(requests(&gateway, "unguarded", "none"), 1);
    let labels = [("event_type", "labtest.result.ready")];
    assert_eq!(gateway.counter("junction_webhook_events_total", &labels), 1);
    assert_eq!(gateway.counter("junction_webhook_markers_total", &[]), 2);
}

#[test]
fn the_access_log_tells_verdict_reason_and_event_and_no_path() {
    let gateway = Setup::new().start();
    let line = |request: &Request| gateway.send_logged(request).1;
    let fields = |line: &Value| {
        ["status", "verdict", "reason", "event_id", "event_type"].map(|key| line[key].clone())
    };

    let forwarded = line(&Request::signed(RESULT));
    assert_eq!(
        fields(&forwarded),
        [json!(200), json!("forwarded"), json!("none"), json!(ID), json!("labtest.result.ready")]
    );
    let rejected = line(&Request::signed(RESULT).body("{}"));
    assert_eq!(
        fields(&rejected)[..3],
        [json!(401), json!("rejected"), json!("signature_mismatch")]
    );
    assert_eq!(rejected["event_type"], Value::Null);
    let elsewhere = line(&Request::new("GET", "/patients/7342"));
    assert_eq!(fields(&elsewhere)[..3], [json!(404), Value::Null, Value::Null]);
    assert!(!elsewhere.to_string().contains("7342"), "{elsewhere}");
}

#[test]
fn nothing_that_is_secret_or_a_patients_is_logged() {
    let gateway = Setup::new().start();
    let body = r#"{"event_type":"labtest.result.ready","user_id":"patient-0042",
        "data":{"markers":[{"name":"Very Private Marker","value":4711.5}]}}"#;
    let good = Request::signed(body);
    let signature = good.headers.last().unwrap().1.clone();
    gateway.send_logged(&good);
    gateway.send_logged(&Request::signed(body).set("svix-id", "msg_forged"));
    let broken = Request::signed(body.replace("\"name\"", "\"nome\""));
    assert_eq!(gateway.send_logged(&broken).1["status"], 400);
    let log = gateway.log();
    let secret = SECRET.trim_start_matches("whsec_");
    for private in ["patient-0042", "Private", "4711", secret, &signature] {
        assert!(!log.contains(private), "{private} is in the log:\n{log}");
    }
}

#[test]
fn the_histogram_counts_the_bytes_that_were_received() {
    let gateway = Setup::new().patch("stats_flush_interval", "0.05s").start();
    gateway.send(&Request::signed(RESULT));
    gateway.send(&Request::signed(format!("{RESULT:2000}")));
    let at_most =
        |bound: &str| gateway.counter("junction_webhook_body_bytes_bucket", &[("le", bound)]);
    eventually("both bodies are counted", || {
        (gateway.counter("junction_webhook_body_bytes_count", &[]) == 2).then_some(())
    });
    assert_eq!(["256", "1024", "4096", "1048576"].map(at_most), [1, 1, 2, 2]);
}
