//! Metrics, the access log and Envoy's log: enough to operate, and nothing that is a patient's.

use harness::{Gateway, Host, ID, Request, SECRET, Setup, eventually, now};
use serde_json::{Value, json};

use crate::sample::RESULT;

const REASONS: [&str; 15] = [
    "configuration",
    "path",
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
    if Host::counts_late() {
        return;
    }
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
    assert_eq!(gateway.counter("junction_webhook_guards_everything", &[]), 0);
    assert_eq!(gateway.counter("junction_webhook_shadow", &[]), 0);
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
    let log = gateway.log_to_here();
    let secret = SECRET.trim_start_matches("whsec_");
    for private in ["patient-0042", "Private", "4711", secret, &signature] {
        assert!(!log.contains(private), "{private} is in the log:\n{log}");
    }
}

/// An Envoy whose histograms show a request soon after it.
fn with_prompt_histograms() -> Gateway {
    Setup::new().patch("stats_flush_interval", "0.05s").start()
}

/// The samples of a histogram at most as large as each bound, once there are `count` in all.
fn samples<const N: usize>(
    gateway: &Gateway,
    name: &str,
    count: u64,
    bounds: [&str; N],
) -> [u64; N] {
    eventually("all samples are counted", || {
        (gateway.counter(&format!("{name}_count"), &[]) == count).then_some(())
    });
    bounds.map(|bound| gateway.counter(&format!("{name}_bucket"), &[("le", bound)]))
}

#[test]
fn the_histogram_counts_the_bytes_that_were_received() {
    let gateway = with_prompt_histograms();
    gateway.send(&Request::signed(RESULT));
    gateway.send(&Request::signed(format!("{RESULT:2000}")));
    let bounds = ["256", "1024", "4096", "1048576"];
    assert_eq!(samples(&gateway, "junction_webhook_body_bytes", 2, bounds), [1, 1, 2, 2]);
}

#[test]
fn the_age_of_a_signature_counts_where_it_matched_and_is_never_negative() {
    let gateway = with_prompt_histograms();
    let signed = |age: i64| Request::signed_with(SECRET, ID, now() - age, RESULT);
    gateway.send(&signed(-60));
    gateway.send(&signed(45));
    // Verified, though refused for its body.
    gateway.send(&Request::signed_with(SECRET, ID, now() - 90, "{}"));
    // Anyone may claim a time.
    gateway.send(&signed(200).set("svix-id", "msg_forged"));
    gateway.send(&signed(400));
    let bounds = ["1", "30", "60", "120", "300"];
    let name = "junction_webhook_signature_age_seconds";
    assert_eq!(samples(&gateway, name, 3, bounds), [1, 1, 2, 3, 3]);
}

#[test]
fn the_filters_own_time_is_counted_once_for_each_guarded_request_and_passes() {
    let gateway = with_prompt_histograms();
    gateway.send(&Request::signed(RESULT));
    gateway.send(&Request::unsigned(RESULT));
    gateway.send(&Request::new("GET", "/elsewhere"));
    let name = "junction_webhook_filter_microseconds";
    let [within_100_milliseconds] = samples(&gateway, name, 2, ["100000"]);
    assert_eq!(within_100_milliseconds, 2, "a plausible time");
    // Several calls of Envoy and a MAC take microseconds, if its clock moves within a callback.
    let sum_of = format!("{}{name}_sum{{}} ", Host::under_test().metric_prefix());
    let sum = gateway.admin.prometheus();
    let sum = sum.lines().find_map(|line| line.strip_prefix(&sum_of));
    assert!(sum.unwrap().parse::<f64>().unwrap() > 0.0, "{sum:?}");
}
