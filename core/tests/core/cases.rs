//! The cases in `tests/data/cases`, against the library: whatever the request's framing, one
//! outcome.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::Config;
use junction_webhook::exchange::{Action, Forward, Plugin};
use junction_webhook::report::{Acknowledged, Report, Verdict};
use serde_json::{Value, json};

use test_support::case::{Case, Expect, Suite};
use test_support::drive::{Arrival, End, drive};

const NOW: i64 = 1_795_000_000;

#[test]
fn every_case_has_its_outcome_in_every_framing() {
    let suites = Suite::all();
    assert_ne!(suites.len(), 0);
    for suite in suites {
        let config = suite.config.to_string();
        let environment = |name: &str| suite.environment.get(name).cloned();
        let plugin = Arc::new(Config::parse(config.as_bytes(), environment));
        for case in &suite.cases {
            for framing in
                [Framing::Whole, Framing::Chunks(1), Framing::Chunks(7), Framing::Trailers]
            {
                let name = format!("{} / {} / {framing:?}", suite.name, case.name);
                check(&name, case, run(&plugin, case, framing));
            }
        }
    }
}

/// How a request arrives.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Whole,
    Chunks(usize),
    Trailers,
}

fn run(plugin: &Arc<Plugin>, case: &Case, framing: Framing) -> End {
    let body = case.body();
    let headers = case.head(NOW);
    let arrival = match framing {
        Framing::Whole => Arrival::default(),
        Framing::Chunks(step) => {
            Arrival { sizes: (step..body.len()).step_by(step).collect(), ..Arrival::default() }
        }
        Framing::Trailers => Arrival { with_trailers: true, ..Arrival::default() },
    };
    let end = drive(plugin, &headers, &body, &arrival, Duration::from_secs(NOW.unsigned_abs()));
    // Whether the signature is right is what each case says.
    end.require_sound(true);
    end.comparable()
}

fn check(name: &str, case: &Case, end: End) {
    let (report, action) = match (end, &case.expect) {
        (End::Unguarded, Expect::Unguarded) => return,
        (End::Decided(report, action), _) => (report, action),
        (end, expect) => panic!("{name}: {end:?} instead of {expect:?}"),
    };
    match &case.expect {
        Expect::Refused { status, error, message, reason } => {
            assert!(matches!(report.verdict, Verdict::Rejected(_)), "{name}: {report:?}");
            assert_eq!(report.verdict.reason_label(), reason, "{name}");
            let answer = json!({"error": error, "message": message});
            assert_answer(name, action, *status, &answer);
        }
        Expect::Acknowledged { event_type } => {
            let ignored = Verdict::Acknowledged(Acknowledged::Ignored);
            assert_eq!(report.verdict, ignored, "{name}");
            let answer = json!({"received": true, "event_type": event_type, "ignored": true});
            assert_answer(name, action, 200, &answer);
        }
        Expect::Forwarded { event_id, verified_by, event } => {
            let forward = forwarded(name, &report, "forwarded", action);
            let body = forward.body.unwrap_or_else(|| panic!("{name}: no body"));
            test_support::contract::assert_valid(std::str::from_utf8(&body).unwrap());
            let normalised: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(normalised["event_id"], *event_id, "{name}");
            assert_eq!(normalised["verified_by"], *verified_by, "{name}");
            for (pointer, value) in event {
                assert_eq!(normalised.pointer(pointer), Some(value), "{name}: {pointer}");
            }
            let event_type = normalised["event_type"].as_str().unwrap();
            let set: Vec<_> =
                forward.set.iter().map(|(name, value)| (*name, value.as_ref())).collect();
            let length = body.len().to_string();
            let expected = [
                ("content-type", "application/json"),
                ("content-length", length.as_str()),
                ("idempotency-key", event_id),
                ("x-junction-event-type", event_type),
                ("x-junction-verified-by", verified_by),
            ];
            assert_eq!(set, expected, "{name}");
        }
        Expect::Shadowed { verdict } => {
            let forward = forwarded(name, &report, "shadowed", action);
            let set = vec![("x-junction-verdict", verdict.clone().into())];
            let imitates = |name: &String| name.replace('_', "-") == "x-junction-verdict";
            let names = case.headers(0).into_iter().map(|(name, _)| name);
            let remove = names.filter(imitates).collect();
            assert_eq!(forward, Forward { remove, set, body: None }, "{name}");
        }
        Expect::Unguarded => panic!("{name}: {report:?}"),
    }
}

fn forwarded(name: &str, report: &Report, outcome: &str, action: Action) -> Forward {
    assert_eq!(report.verdict.outcome(), outcome, "{name}");
    match action {
        Action::Forward(forward) => forward,
        Action::Answer(answer) => panic!("{name}: {answer:?}"),
    }
}

fn assert_answer(name: &str, action: Action, status: u16, body: &Value) {
    let Action::Answer(answer) = action else { panic!("{name}: {action:?}") };
    let sent: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &sent), (status, body), "{name}");
}
