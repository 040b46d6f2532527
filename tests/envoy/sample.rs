//! Bodies that the tests sign and send, and the answers to those that are refused.

use serde_json::{Value, json};

use harness::{Answer, Gateway, Request, shared};

/// A small lab result that satisfies the schema.
pub(crate) const RESULT: &str = r#"{"event_type":"labtest.result.ready","data":{"order_id":"o-1",
    "markers":[{"name":"Sodium","unit":"mmol/L","value":136.50},{"name":"Note","value":"clear"}]}}"#;

/// A lab result of exactly so many bytes.
pub(crate) fn result_of_length(bytes: usize) -> String {
    let padded = |padding: usize| {
        let filler = "x".repeat(padding);
        json!({"event_type": "labtest.result.ready", "data": {"status": filler}}).to_string()
    };
    let body = padded(bytes.checked_sub(padded(0).len()).unwrap());
    assert_eq!(body.len(), bytes);
    body
}

/// The body of every refusal.
pub(crate) fn refusal(error: &str, message: &str) -> Value {
    json!({"error": error, "message": message})
}

/// The one refusal that all failed verifications share.
pub(crate) fn unverified() -> Value {
    refusal("signature_verification_failed", "Signature verification failed")
}

/// Sends a request that must be refused, and asserts all that every refusal has in common.
#[track_caller]
pub(crate) fn refused(name: &str, request: &Request, status: u16, body: &Value) -> Answer {
    let answer = shared().send(request);
    assert_eq!((answer.status, answer.json()), (status, body.clone()), "{name}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
    assert_eq!(shared().saw(request), [], "{name}: the upstream saw nothing");
    answer
}

/// Asserts that a gateway forwards a signed webhook, and refuses a forged one by itself.
#[track_caller]
pub(crate) fn verifies(gateway: &Gateway) {
    let good = Request::signed(RESULT);
    assert_eq!(gateway.send(&good).status, 200, "{}", gateway.log());
    gateway.forwarded(&good);
    let forged = Request::signed(RESULT).set("svix-id", "msg_forged");
    let answer = gateway.send(&forged);
    assert_eq!((answer.status, answer.json()), (401, unverified()));
    assert_eq!(gateway.saw(&forged), [], "the upstream saw nothing");
}
