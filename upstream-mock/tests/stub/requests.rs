//! What `GET /requests` tells about the requests that came.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::running::{Running, lab_event, start};

/// How often a test looks again for something that comes at a time of its own.
const GLANCE: Duration = Duration::from_millis(5);

/// Sends raw bytes and leaves the connection open.
fn send(stub: &Running, bytes: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(&stub.address).unwrap();
    connection.write_all(bytes).unwrap();
    connection
}

/// The requests, once they satisfy a condition.
fn requests_when(stub: &Running, condition: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let requests = stub.rows("/requests");
        if condition(&requests) {
            return requests;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{requests:?}");
        thread::sleep(GLANCE);
    }
}

#[test]
fn lists_heads_and_bodies_oldest_first() {
    let stub = start(&[]);
    let event = lab_event("msg_1");
    assert_eq!(stub.post(&event).0, 200);
    assert_eq!(stub.post("{}").0, 400);
    assert_eq!(stub.get("/v1/webhooks/junction?a=b").0, 405);
    assert_eq!(
        stub.post_to("/elsewhere", ""),
        (404, r#"{"error":"not_found","message":"no such path"}"#.to_owned())
    );

    let requests = stub.rows("/requests");
    let seen: Vec<Value> = requests
        .iter()
        .map(|seen| json!([seen["method"], seen["path"], seen["body"], seen["complete"]]))
        .collect();
    assert_eq!(
        seen,
        [
            json!(["POST", "/v1/webhooks/junction", event, true]),
            json!(["POST", "/v1/webhooks/junction", "{}", true]),
            json!(["GET", "/v1/webhooks/junction?a=b", "", true]),
            json!(["POST", "/elsewhere", "", true]),
        ]
    );
}

#[test]
fn lists_every_copy_of_a_repeated_header() {
    let stub = start(&[]);
    let request = b"POST /any HTTP/1.1\r\nhost: a\r\nX-Two: 1\r\nconnection: close\r\n\
        x-two: 2\r\ncontent-length: 2\r\n\r\n\xff\x00";
    let mut answer = String::new();
    send(&stub, request).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");

    assert_eq!(
        stub.rows("/requests"),
        [json!({
            "method": "POST",
            "path": "/any",
            "headers": [
                ["host", "a"],
                ["x-two", "1"],
                ["x-two", "2"],
                ["connection", "close"],
                ["content-length", "2"],
            ],
            "body": null,
            "body_base64": "/wA=",
            "complete": true,
        })]
    );
}

#[test]
fn records_a_head_whose_body_never_completes() {
    let stub = start(&[]);
    let head = b"POST /v1/webhooks/junction HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n";
    let mut connection = send(&stub, head);
    let expected = |body: &str| {
        json!({
            "method": "POST",
            "path": "/v1/webhooks/junction",
            "headers": [["host", "a"], ["content-length", "9"]],
            "body": body,
            "complete": false,
        })
    };
    assert_eq!(requests_when(&stub, |requests| !requests.is_empty()), [expected("")]);

    connection.write_all(b"{\"a\"").unwrap();
    let requests = requests_when(&stub, |requests| requests[0]["body"] != "");
    assert_eq!(requests, [expected("{\"a\"")]);

    connection.shutdown(Shutdown::Both).unwrap();
    assert_eq!(stub.rows("/requests"), [expected("{\"a\"")]);
    assert_eq!(stub.rows("/events").len(), 0);
}

#[test]
fn does_not_list_requests_for_its_own_pages() {
    let stub = start(&[]);
    for page in ["/healthz", "/requests", "/events", "/markers", "/orders"] {
        assert_eq!(stub.get(page).0, 200, "{page}");
    }
    assert_eq!(stub.rows("/requests"), Vec::<Value>::new());
}

#[test]
fn clears_the_list_and_keeps_the_database() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("msg_1")).0, 200);
    assert_eq!(stub.delete("/requests"), 204);
    assert_eq!(stub.rows("/requests"), Vec::<Value>::new());
    assert_eq!(stub.rows("/events").len(), 1);

    assert_eq!(stub.post(lab_event("msg_2")).0, 200);
    assert_eq!(stub.rows("/requests").len(), 1);
}
