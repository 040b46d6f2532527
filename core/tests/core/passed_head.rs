//! The exchange where the head goes on before the verdict, to a filter that holds it back.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::Config;
use junction_webhook::exchange::{Action, Exchange, Forward, Outcome};
use junction_webhook::reject::Reason;
use junction_webhook::report::{Report, Verdict};
use serde_json::json;
use test_support::{OwnedHeader, borrowed};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Duration = Duration::from_secs(1_795_000_000);
const BODY: &str = r#"{"event_type":"order.completed","data":{"order_id":"o-1","status":"s"}}"#;

fn exchange(mode: &str, hold_headers: bool) -> Exchange {
    let config = json!({"svix": {"secrets": [{"inline": SECRET}]}, "mode": mode,
                        "hold_headers": hold_headers});
    let plugin = Config::parse(config.to_string().as_bytes(), |_| None::<String>);
    assert!(plugin.is_ok(), "{plugin:?}");
    Exchange::new(Arc::new(plugin), None)
}

fn head() -> Vec<OwnedHeader> {
    let at = i64::try_from(NOW.as_secs()).unwrap();
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = signer.sign("msg_1", at, BODY.as_bytes()).unwrap();
    [
        (":method", "POST"),
        (":path", "/v1/webhooks/junction"),
        ("content-length", &BODY.len().to_string()),
        ("svix-id", "msg_1"),
        ("svix-timestamp", &at.to_string()),
        ("svix-signature", &signature),
        ("x-junction-verdict", "accept"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec()
}

fn body(exchange: &mut Exchange) -> Outcome {
    match exchange.on_body(BODY.len()) {
        Outcome::Wait => exchange.on_end(Some(BODY.as_bytes())),
        outcome => outcome,
    }
}

fn decided(outcome: Outcome) -> (Report, Action) {
    let Outcome::Decided(report, action) = outcome else { panic!("{outcome:?}") };
    (report, action)
}

#[test]
fn the_head_passes_with_what_is_known_before_the_body_and_the_body_follows_with_the_verdict() {
    let mut exchange = exchange("enforce", false);
    let Outcome::PassHead(forward) = exchange.on_head(&borrowed(&head()), false, NOW) else {
        panic!()
    };
    let removed = [
        "svix-signature",
        "x-junction-verdict",
        "content-length",
        "idempotency-key",
        "x-junction-event-type",
    ];
    assert_eq!(forward.remove, removed);
    let set: Vec<_> = forward.set.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    let expected = [
        ("content-type", "application/json"),
        ("x-junction-verified-by", "svix"),
        ("idempotency-key", "msg_1"),
    ];
    assert_eq!((set.as_slice(), forward.body), (&expected[..], None));

    assert!(exchange.relies_on_buffer());
    let (report, action) = decided(body(&mut exchange));
    assert_eq!((report.verdict, report.event_id.as_deref()), (Verdict::Forwarded, Some("msg_1")));
    let Action::Forward(forward) = action else { panic!("{action:?}") };
    assert_eq!((forward.remove.len(), forward.set.len()), (0, 0), "the head is out of reach");
    test_support::contract::assert_valid(str::from_utf8(&forward.body.unwrap()).unwrap());
    assert!(!exchange.relies_on_buffer(), "the verdict is there");
}

#[test]
fn a_request_without_a_body_has_its_verdict_at_once() {
    let mut exchange = exchange("enforce", false);
    let (report, _) = decided(exchange.on_head(&borrowed(&head()), true, NOW));
    let mismatch = Reason::Signature(junction_webhook::signature::SignatureError::Mismatch);
    assert_eq!(report.verdict, Verdict::Rejected(mismatch));
    assert!(!exchange.relies_on_buffer());
}

#[test]
fn shadow_mode_only_takes_the_verdict_of_the_sender_away() {
    let mut exchange = exchange("shadow", false);
    let Outcome::PassHead(forward) = exchange.on_head(&borrowed(&head()), false, NOW) else {
        panic!()
    };
    let remove = vec!["x-junction-verdict".to_owned()];
    assert_eq!(forward, Forward { remove, ..Forward::default() });
    let (report, action) = decided(body(&mut exchange));
    assert_eq!(report.verdict, Verdict::Shadowed(Ok(())));
    assert_eq!(action, Action::Forward(Forward::default()));
}

#[test]
fn a_head_that_nobody_holds_back_is_a_mistake_in_the_configuration() {
    for (mode, verdict) in [
        ("enforce", Verdict::Rejected(Reason::Configuration)),
        ("shadow", Verdict::Shadowed(Err(Reason::Configuration))),
    ] {
        let mut exchange = exchange(mode, false);
        let outcome = exchange.on_head(&borrowed(&head()), false, NOW);
        assert!(matches!(outcome, Outcome::PassHead(_)), "{mode}: {outcome:?}");
        let (report, action) = decided(exchange.on_leak());
        assert_eq!(report.verdict, verdict);
        assert_eq!(report.event_id.as_deref(), Some("msg_1"), "{mode}");
        match action {
            Action::Answer(answer) => assert_eq!((mode, answer.status), ("enforce", 500)),
            Action::Forward(forward) => assert_eq!((mode, forward), ("shadow", Forward::default())),
        }
        let late = body(&mut exchange);
        let goes_on = matches!(late, Outcome::Continue);
        assert_eq!(goes_on, mode == "shadow", "{mode}: {late:?}");
    }
}

#[test]
fn a_request_is_starved_only_while_its_head_is_held_and_no_body_has_come() {
    for (hold_headers, starved) in [(true, true), (false, false)] {
        let mut exchange = exchange("enforce", hold_headers);
        assert!(!exchange.is_starved(), "{hold_headers}: nothing has come");
        exchange.on_head(&borrowed(&head()), false, NOW);
        assert_eq!(exchange.is_starved(), starved, "{hold_headers}: the head has come");
        body(&mut exchange);
        assert!(!exchange.is_starved(), "{hold_headers}: the verdict is there");
    }
}
