//! The cases in `tests/data/cases`, each file under its own Envoy: answer, metric, and what the
//! upstream saw.

use serde_json::{Value, json};

use harness::{Gateway, Request, Setup, now};

use test_support::case::{Case, Expect, Suite};

#[test]
fn every_case_has_its_outcome() {
    for suite in Suite::all() {
        let setup = Setup::new().without_env("JUNCTION_WEBHOOK_SECRET").config(&suite.config);
        let gateway =
            suite.environment.iter().fold(setup, |setup, (name, value)| setup.env(name, value));
        let gateway = gateway.start();
        for case in &suite.cases {
            check(&gateway, &format!("{} / {}", suite.name, case.name), case);
        }
        assert_eq!(gateway.wasm_reloads(), 0, "{}", suite.name);
    }
}

fn check(gateway: &Gateway, name: &str, case: &Case) {
    let mut request = Request::new("POST", &case.path).body(case.body());
    request.method.clone_from(&case.method);
    request.headers = case.headers(now());
    let labels = |outcome: &str, reason: &str| {
        let labels = [("outcome", outcome), ("reason", reason)];
        gateway.counter("junction_webhook_requests_total", &labels)
    };
    let (outcome, reason) = match &case.expect {
        Expect::Refused { reason, .. } => ("rejected", reason.as_str()),
        Expect::Acknowledged { .. } => ("acknowledged", "none"),
        Expect::Forwarded { .. } => ("forwarded", "none"),
        Expect::Shadowed { verdict } => {
            ("shadowed", verdict.strip_prefix("reject;").unwrap_or("none"))
        }
        Expect::Unguarded => ("unguarded", "none"),
    };
    let counted = labels(outcome, reason).saturating_add(1);
    let answer = gateway.send(&request);
    assert_eq!(labels(outcome, reason), counted, "{name}: {outcome} {reason}");

    let answered = |status: u16, body: Value| {
        assert_eq!((answer.status, answer.json()), (status, body), "{name}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
        assert_eq!(gateway.saw(&request), [], "{name}: the upstream saw nothing");
    };
    match &case.expect {
        Expect::Refused { status, error, message, .. } => {
            answered(*status, json!({"error": error, "message": message}));
        }
        Expect::Acknowledged { event_type } => {
            answered(200, json!({"received": true, "event_type": event_type, "ignored": true}));
        }
        Expect::Forwarded { event_id, verified_by, event } => {
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            let seen = gateway.forwarded(&request);
            let sent = seen.json();
            for (pointer, value) in event {
                assert_eq!(sent.pointer(pointer), Some(value), "{name}: {pointer}");
            }
            assert_eq!(sent["event_id"], *event_id, "{name}");
            let length = seen.body.as_ref().unwrap().len().to_string();
            for (header, value) in [
                ("content-type", "application/json"),
                ("content-length", &length),
                ("idempotency-key", event_id),
                ("x-junction-event-type", sent["event_type"].as_str().unwrap()),
                ("x-junction-verified-by", verified_by),
            ] {
                assert_eq!(seen.header(header), [value], "{name}: {header}");
            }
        }
        Expect::Shadowed { verdict } => {
            let seen = gateway.forwarded(&request);
            assert_eq!(seen.header("x-junction-verdict"), [verdict], "{name}");
            untouched(name, &request, seen.body.as_deref());
        }
        Expect::Unguarded => {
            untouched(name, &request, gateway.forwarded(&request).body.as_deref());
        }
    }
}

fn untouched(name: &str, request: &Request, body: Option<&str>) {
    let sent = std::str::from_utf8(&request.body).unwrap();
    assert_eq!(body, Some(sent), "{name}");
}
