//! A canary in each place of a request that may hold something of a patient's or a secret: none of
//! them comes out anywhere but at the upstream.
//!
//! The one thing that may is the event id, which log and access log are for, and which the tests
//! therefore leave alone.

use serde_json::{Value, json};

use harness::{Host, ID, Request, Setup, now, sign, sign_plain};

const SECRET: &str = "whsec_c2VjcmV0LWNhbmFyeS1udW1iZXItb25lISE=";
const PREVIOUS: &str = "whsec_c2VjcmV0LWNhbmFyeS1udW1iZXItdHdvISE=";
const PLAIN: &str = "plain-secret-kanarie";

/// A document with a canary as every value and every key that is the sender's choice.
fn document(event_type: &str) -> Value {
    json!({
        "event_type": event_type,
        "user_id": "kanarie-user-id", "client_user_id": "kanarie-client-user-id",
        "team_id": "kanarie-team-id",
        "kanarie-event-key": "kanarie-event-extra",
        "data": {
            "order_id": "kanarie-order-id", "sample_id": "kanarie-sample-id",
            "status": "kanarie-status", "interpretation": "kanarie-data-interpretation",
            "collected_at": "kanarie-collected-at", "reported_at": "kanarie-reported-at",
            "marker_count": 918_273_645_001_i64, "critical_marker_count": 918_273_645_002_i64,
            "cancellation_reason": "kanarie-cancellation-reason",
            "kanarie-data-key": {"kanarie-inner-key": ["kanarie-inner-value", 918_273_645_003_i64]},
            "markers": [{
                "slug": "kanarie-slug", "name": "kanarie-name", "unit": "kanarie-unit",
                "value": 918_273_645_004.5, "min_range_value": 918_273_645_005_i64, "max_range_value": 918_273_645_006_i64,
                "interpretation": "kanarie-interpretation", "timestamp": "kanarie-timestamp",
                "notes": "kanarie-notes", "kanarie-marker-key": "kanarie-marker-extra",
            }, {
                "name": "kanarie-name-2", "value": "kanarie-value", "type": "kanarie-type",
                "result": "kanarie-result",
            }],
        },
    })
}

/// Every document: valid, acknowledged, and broken in each way that a message tells of.
fn documents() -> Vec<(String, String)> {
    let valid = document("labtest.result.ready");
    let mut all: Vec<(String, String)> = Vec::new();
    for event_type in ["labtest.result.critical", "order.completed", "order.cancelled"] {
        all.push((event_type.to_owned(), document(event_type).to_string()));
    }
    all.push(("an unknown type".to_owned(), document("kanarie-event-type").to_string()));
    let broken = |pointer: &str, value: Value| {
        let mut document = valid.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        (format!("{pointer} of the wrong type"), document.to_string())
    };
    for pointer in [
        "/event_type",
        "/user_id",
        "/client_user_id",
        "/team_id",
        "/data",
        "/data/order_id",
        "/data/sample_id",
        "/data/status",
        "/data/interpretation",
        "/data/collected_at",
        "/data/reported_at",
        "/data/marker_count",
        "/data/critical_marker_count",
        "/data/markers",
        "/data/markers/0",
        "/data/markers/0/slug",
        "/data/markers/0/name",
        "/data/markers/0/unit",
        "/data/markers/0/value",
        "/data/markers/0/min_range_value",
        "/data/markers/0/max_range_value",
        "/data/markers/0/interpretation",
        "/data/markers/0/timestamp",
        "/data/markers/0/notes",
    ] {
        all.push(broken(
            pointer,
            json!({"kanarie-wrong-key": ["kanarie-wrong-value", 918_273_645_007_i64]}),
        ));
        all.push(broken(pointer, json!([true, "kanarie-wrong-item"])));
    }
    all.push(broken("/data/marker_count", json!(-918_273_645_008_i64)));
    all.push(broken("/data/marker_count", json!("kanarie-count")));
    let text = valid.to_string();
    all.push((
        "a key given twice".to_owned(),
        text.replacen("\"kanarie-event-key\"", "\"kanarie-event-key\":1,\"kanarie-event-key\"", 1),
    ));
    all.push(("half of it".to_owned(), text[..text.len() / 2].to_owned()));
    all.push(("a string".to_owned(), "\"kanarie-string\"".to_owned()));
    all.push(("no JSON".to_owned(), "kanarie-no-json".to_owned()));
    all.push(("too deep".to_owned(), format!("{{\"kanarie-deep\":{}", "[".repeat(70))));
    all.push(("valid".to_owned(), text));
    all
}

fn signed(body: &str) -> Request {
    let at = now();
    canaries_around(Request::unsigned(body))
        .header("svix-id", ID)
        .header("svix-timestamp", &at.to_string())
        .header("svix-signature", &sign(SECRET, ID, at, body.as_bytes()))
}

/// Canaries beside the body: query, header, header name, media type parameter.
fn canaries_around(request: Request) -> Request {
    let query = format!("{}&kanarie-query=kanarie-query-value", request.query);
    Request { query, ..request }
        .set("content-type", "application/json; kanarie-parameter=kanarie-media")
        .header("x-kanarie-header", "kanarie-header-value")
        .header("user-agent", "kanarie-user-agent")
        .header("referer", "http://kanarie-referer/")
        .header("cookie", "kanarie-cookie=kanarie")
        .header("authorization", "Bearer kanarie-token")
        .header("x-forwarded-for", "kanarie-forwarded-for")
        .header("x-request-id", "kanarie-request-id")
        .header("traceparent", "kanarie-traceparent")
}

/// A request in each form that it may come in, by name.
fn requests() -> Vec<(String, Request)> {
    let mut all = Vec::new();
    for (name, body) in documents() {
        all.push((name.clone(), signed(&body)));
        all.push((format!("{name}, unsigned"), canaries_around(Request::unsigned(&body))));
    }
    let text = document("labtest.result.ready").to_string();
    let forged = |header: &str, value: &str| signed(&text).set(header, value);
    all.extend([
        ("forged".to_owned(), signed(&text).body(format!("{text} "))),
        ("no time".to_owned(), forged("svix-timestamp", "kanarie-time")),
        ("far".to_owned(), forged("svix-timestamp", "918273645009")),
        ("no signature".to_owned(), forged("svix-signature", "kanarie-signature")),
        ("other signature".to_owned(), forged("svix-signature", "v1,kanarie-tag v2,kanarie-tag")),
        ("no id".to_owned(), forged("svix-id", "kanarie id")),
        ("no media type".to_owned(), forged("content-type", "text/kanarie-type")),
        ("encoded".to_owned(), signed(&text).header("content-encoding", "kanarie-encoding")),
        ("GET".to_owned(), signed(&text).method("GET")),
        ("too long".to_owned(), signed(&text).header("content-length", "918273645010")),
        (
            "plain".to_owned(),
            canaries_around(Request::unsigned(&text))
                .header("x-signature", &sign_plain(PLAIN, &text)),
        ),
        (
            "plain, forged".to_owned(),
            canaries_around(Request::unsigned(&text)).header("x-signature", "kanarie-plain"),
        ),
        ("elsewhere".to_owned(), canaries_around(Request::new("GET", "/patients/kanarie-path"))),
    ]);
    all
}

/// What must not come out, in the spellings that it might come out in.
fn is_leaky(text: &str) -> Option<&str> {
    let secrets = [SECRET, PREVIOUS].map(|secret| secret.trim_start_matches("whsec_"));
    let at = ["kanarie", "918273645"]
        .into_iter()
        .chain(secrets)
        .chain(["secret-kanarie"])
        .find_map(|private| text.find(private))?;
    let end = text.len().min(at + 60);
    text.get(at.saturating_sub(60)..end).or(Some("a canary"))
}

#[test]
fn no_value_key_header_query_secret_or_signature_comes_out_anywhere() {
    let mut sent = 0;
    for config in [
        json!({}),
        json!({"unknown_events": "acknowledge", "nulls": "absent"}),
        json!({"mode": "shadow"}),
        json!({"svix": {"secrets": [{"env": "JUNCTION_WEBHOOK_SECRET"}], "tolerance_seconds": 1},
               "max_body_bytes": 500}),
        json!({"typo": "kanarie-config"}),
        json!({"svix": {"secrets": [{"inline": "kanarie-not-base64"}]}}),
    ] {
        let mut config = config;
        if config.get("typo").is_none() {
            config["hmac"] = json!({"secrets": [{"inline": PLAIN}]});
        }
        let is_native = Host::under_test() == Host::Native;
        let gateway = Setup::new()
            .env("JUNCTION_WEBHOOK_SECRET", SECRET)
            .env("JUNCTION_WEBHOOK_SECRET_PREVIOUS", PREVIOUS)
            .config(&config)
            .argument("--component-log-level")
            .argument(if is_native { "dynamic_modules:trace" } else { "wasm:trace" })
            .start();
        let mut signatures = Vec::new();
        for (name, request) in requests() {
            let mut answer = gateway.send(&request);
            if answer.text().contains("\"ignored\":true") {
                // The acknowledgement repeats the type of the event, as documented.
                assert_eq!(answer.json()["event_type"], "kanarie-event-type", "{name}");
                answer.body.clear();
            }
            assert_eq!(is_leaky(&answer.text()), None, "{name}: in the answer");
            assert_eq!(is_leaky(&format!("{:?}", answer.headers)), None, "{name}: in a header");
            sent += 1;
            let own = |header: &(String, String)| header.0.ends_with("-signature");
            signatures.extend(request.headers.into_iter().filter(own).map(|(_, value)| value));
        }
        let log = gateway.log_to_here();
        for target in ["/stats", "/stats/prometheus"] {
            let stats = gateway.admin.get(target).text();
            assert_eq!(is_leaky(&stats), None, "{config}: in {target}");
        }
        let traced = if is_native { "[dynamic_modules]" } else { "proxy_on_request_headers" };
        assert!(log.contains(traced), "it is traced");
        assert_eq!(is_leaky(&log), None, "{config}: in a log");
        for signature in signatures {
            let tag = signature.split([',', '=']).nth(1).unwrap_or(&signature);
            assert!(tag.len() < 20 || !log.contains(tag), "{config}: a signature in a log");
        }
    }
    test_support::figures::record(
        "30-privacy",
        "A canary in every field, key, header, query and secret, Wasm log at trace level",
        &format!("{sent} requests, 0 canaries in answers, logs, access log or metrics"),
    );
}
