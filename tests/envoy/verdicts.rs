//! The checks of method, media type, length and document: status, body, and that the upstream saw
//! nothing.

use harness::{Request, shared};

use crate::sample::{RESULT, refusal, refused};

const MEGABYTE: usize = 1024 * 1024;

#[test]
fn refuses_every_method_but_post_and_says_which_is_allowed() {
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let request = Request::signed(RESULT).method(method);
        let expected = refusal("method_not_allowed", "Only POST is allowed");
        let answer = refused(method, &request, 405, &expected);
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
}

#[test]
fn refuses_encoded_bodies() {
    let expected = refusal("unsupported_media_type", "Only content-encoding identity is supported");
    for encoding in ["gzip", "br", "identity, gzip", "GZIP"] {
        let request = Request::signed(RESULT).header("content-encoding", encoding);
        refused(encoding, &request, 415, &expected);
    }
}

#[test]
fn refuses_media_types_that_are_not_json() {
    let expected = refusal(
        "unsupported_media_type",
        "Only application/json and +json content types are supported",
    );
    for media in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"] {
        let request = Request::signed(RESULT).set("content-type", media);
        refused(media, &request, 415, &expected);
    }
}

#[test]
fn forwards_every_spelling_of_a_json_media_type() {
    for media in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/cloudevents+json",
        "application/vnd.junction.v1+JSON;q=1",
    ] {
        let request = Request::signed(RESULT).set("content-type", media);
        assert_eq!(shared().send(&request).status, 200, "{media}");
    }
    let request = Request::signed(RESULT).without("content-type");
    assert_eq!(shared().send(&request).status, 200, "no media type");
}

#[test]
fn refuses_a_declared_length_above_the_bound() {
    let expected = refusal("payload_too_large", "The body is too large");
    // Signed by nobody: the length is checked before the signature.
    let request = Request::unsigned("").header("content-length", &(MEGABYTE + 1).to_string());
    refused("declared", &request, 413, &expected);
}

#[test]
fn refuses_verified_bodies_that_are_not_json() {
    for (name, body) in [
        ("nothing", &b""[..]),
        ("a word", b"hello"),
        ("half an object", br#"{"event_type":"labtest.result.ready""#),
        ("two documents", b"{} {}"),
        ("not UTF-8", b"{\"event_type\":\"\xff\"}"),
    ] {
        let request = Request::signed(body);
        let answer = shared().send(&request);
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"validation_error".into()));
        assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
        assert_eq!(shared().saw(&request), [], "{name}: the upstream saw nothing");
    }
}

#[test]
fn refuses_verified_bodies_that_break_the_schema_and_says_where() {
    for (name, body, place) in [
        ("no event type", r#"{"data":{}}"#, "/event_type: "),
        ("no data", r#"{"event_type":"labtest.result.ready"}"#, "/data: required"),
        (
            "a nameless marker",
            r#"{"event_type":"labtest.result.ready","data":{"markers":[{"name":"a"},{}]}}"#,
            "/data/markers/1/name: required",
        ),
        ("an order without id", r#"{"event_type":"order.completed","data":{}}"#, "/data/order_id"),
        ("another event", r#"{"event_type":"labtest.order.updated","data":{}}"#, "/event_type: "),
    ] {
        let request = Request::signed(body);
        let answer = shared().send(&request);
        let json = answer.json();
        assert_eq!((answer.status, &json["error"]), (400, &"validation_error".into()), "{name}");
        let message = json["message"].as_str().unwrap();
        assert!(message.contains(place), "{name}: {message}");
        assert_eq!(shared().saw(&request), [], "{name}: the upstream saw nothing");
    }
}

#[test]
fn a_message_never_repeats_a_value() {
    let body = r#"{"event_type":"patient-0042","user_id":7342,"data":{"markers":[{"name":""}]}}"#;
    let text = shared().send(&Request::signed(body)).text();
    for value in ["patient", "7342"] {
        assert!(!text.contains(value), "{text}");
    }
}
