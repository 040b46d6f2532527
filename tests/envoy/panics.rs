//! A panic in the dynamic module: its request is refused and told of, and Envoy goes on.
//!
//! The module is the same but that it panics where a request asks for it
//! (`native/src/panicking.rs`).

use std::fs;

use harness::{CONNECTION_MANAGER, Gateway, Host, ID, Request, Setup, root};
use serde_json::{Value, json};

use crate::sample::{RESULT, refusal};

const MODULE: &str = "target/panicking/libjunction_webhook.so";
const PLACE: &str = "http_filters.1.typed_config.dynamic_module_config.module.local.filename";
const LINE: &str = "the filter met a panic in a request: please report it";
/// What the panics themselves say.
const WORDS: &str = "a patient's name";
const REFUSAL: &str = "webhook rejected: reason=internal event_id=";

fn setup() -> Setup {
    assert!(root().join(MODULE).exists(), "there is no {MODULE}: run make test-native");
    Setup::new().patch(&format!("{CONNECTION_MANAGER}.{PLACE}"), MODULE)
}

/// An event whose calls panic.
fn panicking_in(calls: &str) -> Request {
    Request::signed(RESULT).header("x-panic", calls)
}

fn refused(gateway: &Gateway) -> u64 {
    let labels = [("outcome", "rejected"), ("reason", "internal")];
    gateway.counter("junction_webhook_requests_total", &labels)
}

/// Sends an event that must be refused, and asserts all that is told of it but in the access log,
/// of which it gives verdict, reason and event id.
fn assert_refused(gateway: &Gateway, calls: &str) -> [Value; 3] {
    let (request, name) = (&panicking_in(calls), calls);
    let (before, lines) = (refused(gateway), gateway.log().matches(LINE).count());
    let (answer, line) = gateway.logged(|| gateway.send(request));
    let body = refusal("internal_error", "Internal error");
    assert_eq!((answer.status, answer.json()), (500, body), "{name}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
    assert_eq!(gateway.saw(request), [], "{name}: the upstream saw nothing");
    assert_eq!(refused(gateway), before + 1, "{name}");
    assert_eq!(gateway.log().matches(LINE).count(), lines + 1, "{name}");
    ["verdict", "reason", "event_id"].map(|field| line[field].clone())
}

#[test]
fn a_panic_is_answered_and_told_as_every_refusal_is_and_envoy_goes_on() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    let gateway = setup().start();
    let told = assert_refused(&gateway, "body");
    assert_eq!(told, ["rejected", "internal", ID]);
    assert!(gateway.log().contains(&format!("{REFUSAL}{ID}")));
    assert!(!gateway.log().contains(WORDS), "a panic's own words are kept");
    let whole = Request::signed(RESULT);
    assert_eq!(gateway.send(&whole).status, 200);
    gateway.forwarded(&whole);
}

#[test]
fn a_panic_within_what_is_told_of_one_is_answered_all_the_same() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    let gateway = setup().start();
    let told = assert_refused(&gateway, "body,set_filter_state");
    assert_eq!(told, [(); 3].map(|()| Value::Null), "nothing could be told");
    // Before anything is known or told, from the head on.
    let everywhere = panicking_in("now");
    let (answer, _) = gateway.logged(|| gateway.send(&everywhere));
    assert_eq!(answer.status, 500);
    assert_eq!(gateway.saw(&everywhere), [], "the upstream saw nothing");
    assert_eq!(gateway.send(&Request::signed(RESULT)).status, 200);
}

/// Only where repeats are remembered does the end of a request ask for the answer's status.
#[test]
fn a_panic_at_the_end_of_a_request_leaves_its_answer_and_is_counted() {
    if Host::under_test() == Host::Wasm || Host::cannot_remember() {
        return;
    }
    let config = json!({"duplicates": {"remember": 4096, "seconds": 3600}});
    let gateway = setup().config(&config).start();
    let before = refused(&gateway);
    let request = panicking_in("upstream_status");
    let (answer, line) = gateway.logged(|| gateway.send(&request));
    assert_eq!((answer.status, &line["verdict"]), (200, &json!("forwarded")), "{line}");
    gateway.forwarded(&request);
    assert_eq!(refused(&gateway), before + 1);
    assert_eq!(gateway.log().matches(LINE).count(), 1);
    // The event is not remembered: its repeat is another delivery.
    assert_eq!(gateway.send(&Request::signed(RESULT)).json().get("ignored"), None);
}

#[test]
fn no_request_can_make_the_module_panic_that_is_released() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    let says = |module: &str| {
        let bytes = fs::read(root().join(module)).unwrap();
        bytes.windows(WORDS.len()).any(|words| words == WORDS.as_bytes())
    };
    assert!(says(MODULE));
    assert!(!says(Host::Native.module()));
}
