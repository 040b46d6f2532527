//! What the upstream gets of an accepted event, and what the sender gets back.

use harness::{GUARDED_PATH, ID, Request, SECRET, Setup, now, shared, sign_plain};
use serde_json::{Value, json};

use crate::sample::RESULT;

#[test]
fn replaces_the_body_by_the_normalised_event() {
    let at = now();
    let request = Request::signed_with(SECRET, ID, at, RESULT);
    assert_eq!(shared().send(&request).status, 200);
    let seen = shared().forwarded(&request);
    let event = seen.json();
    for (pointer, expected) in [
        ("/contract", json!("junction.event.v1")),
        ("/event_id", json!(ID)),
        ("/event_type", json!("labtest.result.ready")),
        ("/verified_by", json!("svix")),
        ("/user_id", Value::Null),
        ("/data/marker_count", json!(2)),
        ("/data/markers/0/value/kind", json!("quantity")),
        ("/data/markers/1/value", json!({"kind": "text", "text": "clear"})),
    ] {
        assert_eq!(event.pointer(pointer), Some(&expected), "{pointer}: {event}");
    }
    assert!(seen.body.unwrap().contains("\"number\":136.50"), "the sender's digits stay");
}

#[test]
fn sets_its_own_headers_and_removes_what_a_sender_may_not_set() {
    let request = Request::signed(RESULT)
        .header("idempotency-key", "forged")
        .header("idempotency-key", "twice")
        .header("x-junction-event-type", "forged")
        .header("x-junction-verified-by", "forged")
        .header("x-junction-verdict", "accept")
        .header("x-signature", "forged")
        .header("x-other", "kept");
    assert_eq!(shared().send(&request).status, 200);
    let seen = shared().forwarded(&request);
    assert_eq!((seen.method.as_str(), &seen.path), ("POST", &request.target()));
    let length = seen.body.as_ref().unwrap().len().to_string();
    for (name, expected) in [
        ("content-type", &["application/json"][..]),
        ("content-length", &[length.as_str()]),
        ("transfer-encoding", &[]),
        ("idempotency-key", &[ID]),
        ("x-junction-event-type", &["labtest.result.ready"]),
        ("x-junction-verified-by", &["svix"]),
        ("x-junction-verdict", &[]),
        ("svix-id", &[ID]),
        ("svix-signature", &[]),
        ("x-signature", &[]),
        ("x-other", &["kept"]),
    ] {
        assert_eq!(seen.header(name), expected, "{name}");
    }
    assert_eq!(seen.header("svix-timestamp").len(), 1);
}

#[test]
fn passes_the_answer_of_the_upstream_back_as_it_is() {
    let gateway = Setup::new().start();
    let first = gateway.send(&Request::signed(RESULT));
    let expected = json!({"received": true, "event_type": "labtest.result.ready",
                          "ingested_count": 2});
    assert_eq!((first.status, first.json()), (200, expected));
    let again = gateway.send(&Request::signed(RESULT));
    assert_eq!((again.status, &again.json()["ingested_count"]), (200, &json!(0)));
    assert_eq!(gateway.upstream.events().as_array().unwrap().len(), 1);
    assert_eq!(gateway.upstream.markers().as_array().unwrap().len(), 2);
}

#[test]
fn forwards_an_event_that_is_much_longer_than_what_was_sent() {
    let gateway = Setup::new().start();
    // The shortest markers there are; what becomes of each is over ten times as long.
    let markers = vec![r#"{"name":"a"}"#; 15_000].join(",");
    let body =
        format!(r#"{{"event_type":"labtest.result.ready","data":{{"markers":[{markers}]}}}}"#);
    let request = Request::signed(&body);
    let answer = gateway.send(&request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = gateway.forwarded(&request);
    assert!(seen.body.as_ref().unwrap().len() > body.len() * 10);
    assert_eq!(seen.json()["data"]["marker_count"], 15_000);
}

#[test]
fn takes_the_headers_of_standard_webhooks_too() {
    let signed = Request::signed(RESULT);
    let mut request = signed.clone();
    for (name, _) in &mut request.headers {
        *name = name.replace("svix-", "webhook-");
    }
    assert_eq!(shared().send(&request).status, 200);
    let seen = shared().forwarded(&request);
    assert_eq!(seen.header("idempotency-key"), [ID]);
    assert_eq!(seen.header("webhook-signature"), [""; 0]);
    assert_eq!(request.path, GUARDED_PATH);
}

#[test]
fn under_plain_hmac_no_header_of_svixs_that_nobody_verified_reaches_the_upstream() {
    let config = json!({"svix": {"secrets": []}, "hmac": {"secrets": [{"inline": "plain"}]}});
    let gateway = Setup::new().config(&config).start();
    let names = ["svix-id", "svix-timestamp", "webhook-id", "webhook-timestamp", "svix-signature"];
    let request = names
        .into_iter()
        .fold(Request::unsigned(RESULT), |request, name| request.header(name, "1795000000"))
        .header("x-signature", &sign_plain("plain", RESULT));
    assert_eq!(gateway.send(&request).status, 200);
    let seen = gateway.forwarded(&request);
    assert_eq!(seen.header("x-junction-verified-by"), ["hmac"]);
    for name in names {
        assert_eq!(seen.header(name), [""; 0], "{name}");
    }
}
