//! Junction's whole feed: what becomes of each event type that it publishes, under the defaults and
//! under the setting that README recommends for it.
//!
//! The samples have the shape of Junction's published interface (its envelope, and the kinds of
//! values of its `data`), and values of our own.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use junction_webhook::config::Config;
use junction_webhook::exchange::{Action, Exchange, Outcome, Plugin};
use junction_webhook::http::Header;
use junction_webhook::report::{EventLabel, Report, Verdict};
use serde_json::{Value, json};

const README: &str = include_str!("../../../../README.md");
const EVENT_TYPES: &str = include_str!("../../../../tests/data/junction/event-types.txt");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: u64 = 1_795_000_000;

#[test]
fn the_recommended_setting_forwards_every_event_type_that_junction_publishes() {
    let recommended = README.split("```json feed\n").nth(1).unwrap().split("```").next().unwrap();
    let plugin = plugin(recommended);
    for event_type in event_types() {
        let sent = sample(event_type);
        let (report, action) = send(&plugin, &sent);
        assert_eq!(report.verdict, Verdict::Forwarded, "{event_type}");
        let Action::Forward(forward) = action else { panic!("{event_type}: {action:?}") };
        let header = forward.set.iter().find(|(name, _)| *name == "x-junction-event-type");
        assert_eq!(header.unwrap().1, event_type);
        let body = String::from_utf8(forward.body.unwrap()).unwrap();
        test_support::contract::assert_valid(&body);
        let event: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(event["event_type"], event_type);
        assert_eq!(event["team_id"], sent["team_id"]);
        if report.event_type == Some(EventLabel::Other) {
            assert_eq!(event["data"], sent["data"], "{event_type}");
        } else {
            assert_eq!(event_type, "labtest.result.critical");
            assert_eq!(event["data"]["extra"]["created_at"], sent["data"]["created_at"]);
        }
    }
}

#[test]
fn the_defaults_refuse_every_event_type_but_the_documented_one() {
    let plugin = plugin("{}");
    for event_type in event_types() {
        let (report, _) = send(&plugin, &sample(event_type));
        let is_taken = report.verdict == Verdict::Forwarded;
        assert_eq!(is_taken, event_type == "labtest.result.critical", "{event_type}");
        if !is_taken {
            assert_eq!(report.verdict.reason_label(), "schema", "{event_type}");
        }
    }
}

fn event_types() -> Vec<&'static str> {
    let types: Vec<_> = EVENT_TYPES.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(types.len(), 194);
    types
}

/// An event in the shape that Junction publishes for its type.
fn sample(event_type: &str) -> Value {
    let parts: Vec<_> = event_type.split('.').collect();
    let order = json!({
        "id": "o-1", "user_id": "u-1", "team_id": "t-1", "patient_details": null, "sample_id": null,
        "notes": null, "status": "completed", "priority": false, "has_abn": false,
        "details": {"type": "walk_in_test", "data": {"id": "d-1"}},
        "events": [{"id": 1, "created_at": "2026-11-20T09:00:00Z", "status": "completed"}],
    });
    let data = match *parts.as_slice() {
        ["labtest", "result", "critical"] => json!({
            "order_id": "o-1", "sample_id": "s-1", "status": "final", "interpretation": "critical",
            "team_id": "t-1", "user_id": "u-1", "created_at": "2026-11-20T09:00:00+00:00",
            "updated_at": "2026-11-20T09:00:00+00:00",
        }),
        ["labtest", "order", _] => order,
        ["continuous_query", ..] => json!([{"query_slug": "q", "is_deleted": false}]),
        ["historical", "data", ..] => json!({
            "user_id": "u-1", "provider": "x", "is_final": true, "start_date": "2026-01-01T00:00:00Z",
            "end_date": "2026-11-20T00:00:00Z",
        }),
        ["daily", "data", kind, _] => json!({
            "source": {"provider": "x", "type": "watch", "app_id": null}, "kind": kind,
            "data": [{"timestamp": "2026-11-20T09:00:00+00:00", "unit": "bpm", "value": 61.5}],
        }),
        _ => json!({"id": "x-1", "status": "started", "slug": "", "detail": null}),
    };
    let mut event = json!({"event_type": event_type, "team_id": "t-1", "data": data});
    if !event_type.starts_with("labtest.match_review.") {
        event["user_id"] = "u-1".into();
        event["client_user_id"] = "c-1".into();
    }
    event
}

fn plugin(config: &str) -> Arc<Plugin> {
    let plugin = Config::parse(config.as_bytes(), |_| Some(SECRET));
    Arc::new(Ok(plugin.unwrap()))
}

fn send(plugin: &Arc<Plugin>, event: &Value) -> (Report, Action) {
    let body = event.to_string().into_bytes();
    let key = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = hmac_sha256::HMAC::new(key);
    mac.update(format!("msg_1.{NOW}."));
    mac.update(&body);
    let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize()));
    let timestamp = NOW.to_string();
    let headers: Vec<Header<'_>> = [
        (":method", "POST"),
        (":path", "/v1/webhooks/junction"),
        ("content-type", "application/json"),
        ("svix-id", "msg_1"),
        ("svix-timestamp", &timestamp),
        ("svix-signature", &signature),
    ]
    .map(|(name, value): (&str, &str)| (name, value.as_bytes()))
    .to_vec();
    let mut exchange = Exchange::new(Arc::clone(plugin), None);
    exchange.on_head(&headers, false, Duration::from_secs(NOW));
    exchange.on_body(body.len());
    match exchange.on_end(Some(&body)) {
        Outcome::Decided(report, action) => (report, action),
        other => panic!("{other:?}"),
    }
}
