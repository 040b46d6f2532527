//! The headers and trailers that end at the filter, under each scheme and in each mode.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::Config;
use junction_webhook::exchange::{Action, Exchange, Forward, Outcome};
use serde_json::json;
use test_support::{OwnedHeader, borrowed};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Duration = Duration::from_secs(1_795_000_000);
const BODY: &str = r#"{"event_type":"order.completed","data":{"order_id":"o-1","status":"s"}}"#;

/// Headers that somebody added to a webhook whose signature is right.
const ADDED: [(&str, &str); 14] = [
    ("svix-id", "msg_unsigned"),
    ("svix-timestamp", "1"),
    ("webhook-id", "msg_unsigned"),
    ("webhook-timestamp", "1"),
    ("svix_id", "msg_unsigned"),
    ("webhook_timestamp", "1"),
    ("x-http-method-override", "DELETE"),
    ("x-http-method", "DELETE"),
    ("x-method-override", "DELETE"),
    ("x_http_method_override", "DELETE"),
    ("x-http_method-override", "DELETE"),
    ("x-method-overrides", "kept"),
    ("x-env", "kept"),
    ("x-junction_verdict", "accept"),
];
/// Those of them that end here where HMAC decides.
const ENDING: [&str; 12] = [
    "svix-id",
    "svix-timestamp",
    "webhook-id",
    "webhook-timestamp",
    "svix_id",
    "webhook_timestamp",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x_http_method_override",
    "x-http_method-override",
    "x-junction_verdict",
];

fn exchange(hmac_only: bool, mode: &str, hold_headers: bool) -> Exchange {
    let mut config = json!({"mode": mode, "hold_headers": hold_headers});
    if hmac_only {
        config["svix"] = json!({"secrets": []});
        config["hmac"] = json!({"secrets": [{"inline": "plain"}]});
    } else {
        config["svix"] = json!({"secrets": [{"inline": SECRET}]});
    }
    let plugin = Config::parse(config.to_string().as_bytes(), |_| None::<String>);
    assert!(plugin.is_ok(), "{plugin:?}");
    Exchange::new(Arc::new(plugin), None)
}

fn head(hmac: bool, added: &[(&str, &str)]) -> Vec<OwnedHeader> {
    let at = i64::try_from(NOW.as_secs()).unwrap();
    let mut headers =
        vec![(":method", "POST".to_owned()), (":path", "/v1/webhooks/junction".to_owned())];
    if hmac {
        let tag = hmac_sha256::HMAC::mac(BODY, "plain");
        let hex: Vec<_> = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        headers.push(("x-signature", hex.concat()));
    } else {
        let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
        let signature = signer.sign("msg_1", at, BODY.as_bytes()).unwrap();
        headers.push(("svix-id", "msg_1".to_owned()));
        headers.push(("svix-timestamp", at.to_string()));
        headers.push(("svix-signature", signature));
    }
    headers.extend(added.iter().map(|(name, value)| (*name, (*value).to_owned())));
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
}

/// What is removed of a request's head, which has its verdict in the end.
fn removed(exchange: &mut Exchange, headers: &[OwnedHeader]) -> Vec<String> {
    let passed = match exchange.on_head(&borrowed(headers), false, NOW) {
        Outcome::PassHead(forward) => Some(forward),
        Outcome::Wait => None,
        outcome => panic!("{outcome:?}"),
    };
    assert!(matches!(exchange.on_body(BODY.len()), Outcome::Wait));
    let outcome = exchange.on_end(Some(BODY.as_bytes()));
    let Outcome::Decided(_, Action::Forward(forward)) = outcome else { panic!("{outcome:?}") };
    passed.unwrap_or(forward).remove
}

#[test]
fn what_nobody_verified_ends_here_under_plain_hmac() {
    for hold_headers in [true, false] {
        let mut exchange = exchange(true, "enforce", hold_headers);
        let removed = removed(&mut exchange, &head(true, &ADDED));
        let mut expected = ["x-signature"].into_iter().chain(ENDING).collect::<Vec<_>>();
        if !hold_headers {
            // They are not known yet, or not in time.
            expected.extend(["content-length", "idempotency-key", "x-junction-event-type"]);
        }
        assert_eq!(removed, expected, "{hold_headers}");
    }
}

#[test]
fn what_svix_verified_stays_and_overrides_end_here() {
    let added: Vec<_> = ADDED.into_iter().filter(|(name, _)| name.starts_with('x')).collect();
    let mut exchange = exchange(false, "enforce", true);
    let removed = removed(&mut exchange, &head(false, &added));
    let ending = ENDING.into_iter().filter(|name| name.starts_with('x'));
    let expected: Vec<_> = ["svix-signature"].into_iter().chain(ending).collect();
    assert_eq!(removed, expected);
}

#[test]
fn in_shadow_mode_only_what_could_be_taken_for_the_verdict_ends_here() {
    for hmac in [true, false] {
        for hold_headers in [true, false] {
            let mut exchange = exchange(hmac, "shadow", hold_headers);
            let added: Vec<_> = if hmac {
                ADDED.to_vec()
            } else {
                ADDED.into_iter().filter(|(name, _)| name.starts_with('x')).collect()
            };
            let removed = removed(&mut exchange, &head(hmac, &added));
            assert_eq!(removed, ["x-junction_verdict"], "HMAC {hmac}, held {hold_headers}");
        }
    }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn in_shadow_mode_trailers_that_could_be_taken_for_the_verdict_end_here() {
    let trailers = names(&["x-sum", "x-junction-verdict", "x_junction_verdict", "x-junction"]);
    let ending = names(&["x-junction-verdict", "x_junction_verdict"]);
    let unsigned = head(false, &[])[..2].to_vec();
    for hold_headers in [true, false] {
        let mut by_head = exchange(false, "shadow", hold_headers);
        let outcome = by_head.on_head(&borrowed(&unsigned), false, NOW);
        let Outcome::Decided(_, Action::Forward(forward)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(forward.set, [("x-junction-verdict", "reject;signature_missing".into())]);
        let mut by_size = exchange(false, "shadow", hold_headers);
        by_size.on_head(&borrowed(&head(false, &[])), false, NOW);
        assert!(!by_size.screens_trailers(), "it has no verdict");
        by_size.on_body(2_000_000);
        let mut by_leak = exchange(false, "shadow", false);
        by_leak.on_head(&borrowed(&head(false, &[])), false, NOW);
        by_leak.on_leak();
        let mut at_end = exchange(false, "shadow", hold_headers);
        removed(&mut at_end, &head(false, &[]));
        for exchange in [by_head, by_size, by_leak, at_end] {
            assert!(exchange.screens_trailers());
            assert_eq!(exchange.withheld_trailers(trailers.clone()), ending);
        }
    }
}

#[test]
fn no_trailers_of_a_request_without_a_shadow_verdict_are_looked_at() {
    for mode in ["enforce", "shadow"] {
        let mut unguarded = exchange(false, mode, true);
        let head = [(":path", b"/other".as_slice())];
        assert!(matches!(unguarded.on_head(&head, false, NOW), Outcome::Unguarded));
        assert!(!unguarded.screens_trailers(), "{mode}");
        assert_eq!(unguarded.withheld_trailers(names(&["x-junction-verdict"])), [""; 0]);
    }
    let mut forwarded = exchange(false, "enforce", true);
    removed(&mut forwarded, &head(false, &[]));
    assert!(!forwarded.screens_trailers());
}

#[test]
fn a_refusal_in_shadow_mode_takes_every_spelling_of_the_verdict_away() {
    let imitations = [("x-junction-verdict", "accept"), ("x_junction_verdict", "accept")];
    let unsigned = [&head(false, &[])[..2], &head(false, &imitations)[5..]].concat();
    for (headers, size, verdict) in [
        (&unsigned, 0, "reject;signature_missing"),
        (&head(false, &imitations), 2_000_000, "reject;body_size"),
    ] {
        let mut exchange = exchange(false, "shadow", true);
        let outcome = match exchange.on_head(&borrowed(headers), false, NOW) {
            Outcome::Wait => exchange.on_body(size),
            outcome => outcome,
        };
        let Outcome::Decided(_, Action::Forward(forward)) = outcome else { panic!("{outcome:?}") };
        let remove = names(&["x-junction-verdict", "x_junction_verdict"]);
        let set = vec![("x-junction-verdict", verdict.into())];
        assert_eq!(forward, Forward { remove, set, body: None });
    }
}
