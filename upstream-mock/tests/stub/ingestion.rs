//! What the stub answers to webhooks, and what its database holds after.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::running::{lab_event, order_event, start};

const TWO_INGESTED: &str =
    r#"{"received":true,"event_type":"labtest.result.ready","ingested_count":2}"#;
const NONE_INGESTED: &str =
    r#"{"received":true,"event_type":"labtest.result.ready","ingested_count":0}"#;
const ORDER_RECEIVED: &str =
    r#"{"received":true,"event_type":"order.cancelled","ingested_count":0}"#;
const FAILED: &str = r#"{"error":"service_unavailable","message":"failing as asked to"}"#;

fn answer(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}

#[test]
fn stores_a_lab_event_and_its_markers_once_per_event_id() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("msg_1")), answer(200, TWO_INGESTED));
    assert_eq!(stub.post(lab_event("msg_1")), answer(200, NONE_INGESTED));
    assert_eq!(stub.post(lab_event("msg_2")), answer(200, TWO_INGESTED));

    let events = stub.rows("/events");
    let ids: Vec<_> = events.iter().map(|row| row["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["msg_1", "msg_2"]);
    let (_, markers) = stub.get("/markers");
    assert_eq!(markers.matches("msg_1").count(), 2);
    assert_eq!(markers.matches("msg_2").count(), 2);
    assert_eq!(stub.rows("/orders").len(), 0);
}

#[test]
fn stores_the_order_of_an_order_event_once() {
    let stub = start(&[]);
    assert_eq!(stub.post(order_event("msg_1")), answer(200, ORDER_RECEIVED));
    assert_eq!(stub.post(order_event("msg_1")), answer(200, ORDER_RECEIVED));
    assert_eq!(
        stub.rows("/orders"),
        [json!({
            "event_id": "msg_1",
            "order_id": "order-1",
            "status": "cancelled.testkit.do_not_process",
            "cancellation_reason": null
        })]
    );
    assert_eq!(stub.rows("/events").len(), 1);
    assert_eq!(stub.rows("/markers").len(), 0);
}

/// An event of a type that is not documented.
fn other_event(id: &str, data: &str) -> String {
    format!(
        r#"{{"contract": "junction.event.v1", "event_id": "{id}",
            "event_type": "labtest.order.updated", "verified_by": "svix", "sent_at": null,
            "user_id": null, "client_user_id": null, "team_id": null, "data": {data}}}"#
    )
}

#[test]
fn stores_an_event_of_another_type_as_an_event_once() {
    let stub = start(&[]);
    for data in ["null", r#"{"markers": 7, "total": 10.50}"#] {
        let event = other_event(&format!("msg_{}", data.len()), data);
        let received =
            r#"{"received":true,"event_type":"labtest.order.updated","ingested_count":0}"#;
        assert_eq!(stub.post(event.clone()), answer(200, received));
        assert_eq!(stub.post(event.clone()), answer(200, received));
        let (_, events) = stub.get("/events");
        assert!(events.contains(data), "{events}");
    }
    let types: Vec<_> = stub.rows("/events").iter().map(|row| row["event_type"].clone()).collect();
    assert_eq!(types, ["labtest.order.updated", "labtest.order.updated"]);
    assert_eq!((stub.rows("/markers").len(), stub.rows("/orders").len()), (0, 0));
}

#[test]
fn shows_an_event_and_its_markers_digit_for_digit() {
    let stub = start(&[]);
    // No binary floating point holds this bound.
    let sent = lab_event("msg_1").replace("10.80", "1e999");
    assert_eq!(stub.post(&sent), answer(200, TWO_INGESTED));

    let (status, events) = stub.get("/events");
    assert_eq!(status, 200);
    let prefix = r#"[{"event_id":"msg_1","event_type":"labtest.result.ready","received_at":""#;
    let (time, event) = events.strip_prefix(prefix).unwrap().split_once('"').unwrap();
    assert_eq!(event, format!(r#","event":{}}}]"#, sent.trim_end()));
    let form: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert_eq!(form, "9999-99-99T99:99:99.999Z");

    let markers = concat!(
        r#"[{"event_id":"msg_1","position":0,"slug":"white-blood-cells","#,
        r#""name":"White Blood Cells","#,
        r#""value":{"kind": "quantity", "comparator": "<", "number": 0.10},"#,
        r#""unit":"x10E3/uL","ucum":"10*3/uL","reference_range":{"low": 3.40, "high": 1e999},"#,
        r#""interpretation":{"code": "LL", "critical": true, "text": "critical"},"#,
        r#""observed_at":null,"notes":null,"raw":{"value": "< 0.10"},"extra":{"loinc": "6690-2"}},"#,
        r#"{"event_id":"msg_1","position":1,"slug":null,"name":"Blood type","#,
        r#""value":{"kind": "text", "text": "0 Rh\u00b1"},"unit":null,"ucum":null,"#,
        r#""reference_range":{"low": null, "high": null},"#,
        r#""interpretation":{"code": null, "critical": false, "text": null},"#,
        r#""observed_at":null,"notes":"Final"}]"#,
    );
    assert_eq!(stub.get("/markers"), answer(200, markers));
}

#[test]
fn stores_an_event_once_when_it_comes_many_times_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let stub = start(&["--db", path.to_str().unwrap()]);
    let mut answers: Vec<(u16, String)> = thread::scope(|scope| {
        let posts: Vec<_> =
            (0..16).map(|_| scope.spawn(|| stub.post(lab_event("msg_1")))).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    answers.sort();
    let mut expected = vec![answer(200, NONE_INGESTED); 15];
    expected.push(answer(200, TWO_INGESTED));
    assert_eq!(answers, expected);
    assert_eq!(stub.rows("/events").len(), 1);
    assert_eq!(stub.rows("/markers").len(), 2);
}

#[test]
fn keeps_an_answered_event_through_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut stub = start(&["--db", path.to_str().unwrap()]);
    assert_eq!(stub.post(lab_event("msg_1")), answer(200, TWO_INGESTED));
    let markers = stub.get("/markers");
    stub.kill();

    let again = start(&["--db", path.to_str().unwrap()]);
    assert_eq!(again.get("/markers"), markers);
    assert_eq!(again.post(lab_event("msg_1")), answer(200, NONE_INGESTED));
}

#[test]
fn fails_every_fourth_webhook_without_storing_it() {
    let stub = start(&["--fail-rate", "0.25"]);
    for round in 0..2 {
        for turn in 0..3 {
            let event = lab_event(&format!("msg_{round}_{turn}"));
            assert_eq!(stub.post(event), answer(200, TWO_INGESTED), "{round} {turn}");
        }
        assert_eq!(stub.post(lab_event("msg_failed")), answer(503, FAILED), "{round}");
    }
    assert_eq!(stub.rows("/events").len(), 6);
    assert!(!stub.get("/events").1.contains("msg_failed"));
    assert_eq!(stub.rows("/requests").len(), 8);
}

#[test]
fn answers_no_sooner_than_the_delay() {
    let stub = start(&["--delay-ms", "200"]);
    let begin = Instant::now();
    assert_eq!(stub.post(lab_event("msg_1")), answer(200, TWO_INGESTED));
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
}

#[test]
fn refuses_what_is_no_event_without_telling_its_values() {
    let stub = start(&[]);
    let event = lab_event("msg_1");
    let order = order_event("msg_1");
    let cases = [
        ("no JSON", "{".to_owned(), "body: not JSON"),
        ("no object", "[1]".to_owned(), "body: not an object"),
        (
            "the sender's own event",
            r#"{"event_type": "labtest.result.ready", "data": {}}"#.to_owned(),
            "/contract: required",
        ),
        (
            "another contract",
            event.replace("event.v1", "event.v2"),
            "/contract: not one of the known words",
        ),
        ("empty id", lab_event(""), "/event_id: empty"),
        ("no type", event.replace("labtest.result.ready", ""), "/event_type: empty"),
        (
            "no data in a lab event",
            other_event("msg_1", "null").replace("order.updated", "result.ready"),
            "/data: not an object",
        ),
        (
            "an order's data in a lab event",
            order.replace("order.cancelled", "labtest.result.ready"),
            "/data/sample_id: required",
        ),
        ("a missing null", event.replace(r#""ucum": null,"#, ""), "/data/markers/1/ucum: required"),
        (
            "an unknown field",
            event.replace(r#""notes": null,"#, r#""notes": null, "Jane Roe": 1,"#),
            "/data/markers/0: unknown field",
        ),
        (
            "a field given twice",
            event.replace(r#""unit": null,"#, r#""unit": null, "unit": null,"#),
            "/data/markers/1: a field given twice",
        ),
        (
            "a number as a string",
            event.replace("0.10}", r#""0.10"}"#),
            "/data/markers/0/value/number: not a number",
        ),
        (
            "an unknown comparator",
            event.replace(r#""<","#, r#""=<","#),
            "/data/markers/0/value/comparator: not one of the known words",
        ),
        (
            "an unknown kind of value",
            event.replace(r#""kind": "text""#, r#""kind": "titre""#),
            "/data/markers/1/value/kind: not one of the known words",
        ),
        (
            "a wrong marker count",
            event.replace(r#""marker_count": 2"#, r#""marker_count": 3"#),
            "/data/marker_count: not the number of such markers",
        ),
        (
            "a wrong critical count",
            event.replace(r#""critical": true"#, r#""critical": false"#),
            "/data/critical_marker_count: not the number of such markers",
        ),
        (
            "a null in place of a range",
            event.replace(r#"{"low": null, "high": null}"#, "null"),
            "/data/markers/1/reference_range: not an object",
        ),
        (
            "an empty raw",
            event.replace(r#"{"value": "< 0.10"}"#, "{}"),
            "/data/markers/0/raw: empty",
        ),
        (
            "an order without its id",
            order.replace(r#""order_id": "order-1","#, r#""order_id": null,"#),
            "/data/order_id: not a string",
        ),
    ];
    for (name, body, violation) in cases {
        let message = format!("not a junction.event.v1: {violation}");
        let expected = json!({"error": "validation_error", "message": message}).to_string();
        assert_eq!(stub.post(&body), (400, expected), "{name}");
    }
    assert_eq!(stub.rows("/events").len(), 0);
    assert_eq!(
        stub.post(b"\xff"),
        answer(
            400,
            r#"{"error":"validation_error","message":"not a junction.event.v1: body: not UTF-8"}"#
        )
    );
}

#[test]
fn takes_bodies_up_to_its_bound_and_not_a_byte_more() {
    const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

    let stub = start(&[]);
    let mut body = lab_event("msg_1");
    body.push_str(&" ".repeat(MAX_BODY_BYTES - body.len()));
    assert_eq!(stub.post(&body), answer(200, TWO_INGESTED));
    body.push(' ');
    assert_eq!(
        stub.post(&body),
        answer(413, r#"{"error":"payload_too_large","message":"the body is too large"}"#)
    );
}

#[test]
fn ends_in_good_order_when_asked_to() {
    let mut stub = start(&[]);
    assert_eq!(stub.get("/healthz"), answer(200, "ok\n"));
    assert!(stub.terminate().success());
}

#[test]
fn takes_an_original_of_shadow_mode_and_stores_nothing_of_it() {
    let stub = start(&[]);
    let original = br#"{"event_type":"labtest.result.ready","data":{}}"#;
    let accepted = r#"{"received":true,"event_type":"labtest.result.ready","ingested_count":0,"shadow_verdict":"accept"}"#;
    assert_eq!(stub.post_original("accept", original), answer(200, accepted));
    let broken =
        r#"{"received":true,"event_type":null,"ingested_count":0,"shadow_verdict":"reject;json"}"#;
    assert_eq!(stub.post_original("reject;json", b"{"), answer(200, broken));
    let (_, unknown) = stub.post_original("reject;json", br#"{"event_type":"what anyone wrote"}"#);
    assert_eq!(unknown, broken, "nothing of an unproven text comes back");
    assert_eq!(stub.post_original("accept", lab_event("msg_1").as_bytes()).0, 200);
    assert_eq!(stub.rows("/events").len(), 0);

    // Without the header the same original is refused, and has no verdict in the list.
    assert_eq!(stub.post(original).0, 400);
    let seen = stub.rows("/requests");
    let verdicts: Vec<_> = seen.iter().map(|request| request.get("shadow_verdict")).collect();
    let (accept, reject) = (json!("accept"), json!("reject;json"));
    assert_eq!(verdicts, [Some(&accept), Some(&reject), Some(&reject), Some(&accept), None]);
}
