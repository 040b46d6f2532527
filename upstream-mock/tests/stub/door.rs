//! Who is shown what came.

use crate::running::{lab_event, start};
use crate::stream::ids;

const LOOKS: [&str; 6] = ["/", "/live", "/requests", "/events", "/markers", "/orders"];

/// A GET with these lines as its headers.
fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n")
}

#[test]
fn shows_nothing_under_a_name_that_a_stranger_can_have() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("msg_1")).0, 200);
    let id = ids(&stub, 1).remove(0);
    let mut looks: Vec<String> = LOOKS.map(str::to_owned).to_vec();
    looks.extend(["", "/view", "/sent", "/curl"].map(|part| format!("/requests/{id}{part}")));
    for target in looks {
        for host in ["rebound.example:9000", "localhost.example", "upstream"] {
            let answer = stub.exchange(&get(&target, &format!("host: {host}\r\n")));
            assert!(answer.starts_with("HTTP/1.1 403 "), "{target} {host}: {answer}");
            assert!(!answer.contains("msg_1"), "{target} {host}: {answer}");
        }
    }
    let delete = get("/requests", "host: rebound.example\r\n").replace("GET", "DELETE");
    assert!(stub.exchange(&delete).starts_with("HTTP/1.1 403 "));
    assert_eq!(stub.rows("/requests").len(), 1, "the looks are not listed, and it was not cleared");
}

#[test]
fn shows_everything_under_an_address_or_as_localhost() {
    let stub = start(&[]);
    for target in LOOKS.into_iter().filter(|target| *target != "/live") {
        for host in ["127.0.0.1:9000", "localhost:9000", "[::1]:9000", "192.168.0.1", &stub.address]
        {
            let answer = stub.exchange(&get(target, &format!("host: {host}\r\n")));
            assert!(answer.starts_with("HTTP/1.1 200 "), "{target} {host}: {answer}");
        }
    }
}

#[test]
fn takes_webhooks_and_tells_its_health_under_any_name() {
    let stub = start(&[]);
    let event = lab_event("msg_1");
    let post = format!(
        "POST /v1/webhooks/junction HTTP/1.1\r\nhost: upstream\r\ncontent-length: {}\r\n\
         x-forwarded-proto: http\r\nconnection: close\r\n\r\n{event}",
        event.len()
    );
    assert!(stub.exchange(&post).starts_with("HTTP/1.1 200 "));
    assert!(stub.exchange(&get("/healthz", "host: stub.example\r\n")).starts_with("HTTP/1.1 200 "));
    assert_eq!(stub.rows("/events").len(), 1);
}

#[test]
fn is_an_upstream_without_pages_to_whoever_asks_through_a_proxy() {
    let stub = start(&[]);
    for (number, target) in LOOKS.into_iter().enumerate() {
        let headers = format!("host: {}\r\nx-forwarded-proto: http\r\n", stub.address);
        let answer = stub.exchange(&get(target, &headers));
        assert!(answer.starts_with("HTTP/1.1 404 "), "{target}: {answer}");
        let requests = stub.rows("/requests");
        assert_eq!(requests.len(), number + 1, "it is listed like any other");
        assert_eq!(requests[number]["path"], target);
    }
}
