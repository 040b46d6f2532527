//! What `GET /live` tells, and to whom it tells what they have missed.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::running::{PATIENCE, lab_event, order_event, start};
use crate::stream::Stream;

#[test]
fn tells_of_each_request_that_comes() {
    let stub = start(&[]);
    let mut stream = Stream::start(&stub);
    assert_eq!(stream.next("requests").unwrap().data["rows"], json!([]));
    assert_eq!(stub.post(lab_event("msg_1")).0, 200);
    assert_eq!(stub.post("{}").0, 400);
    assert_eq!(stub.post_original("reject;json", br#"{"event_type": "order.completed"}"#).0, 200);
    let critical = br#"{"event_type": "labtest.result.ready", "data": {"markers":
        [{"name": "A", "interpretation": "Critical"}, {"interpretation": "high"}]}}"#;
    assert_eq!(stub.post_original("accept", critical).0, 200);
    let (rows, _) = stream.rows(4);
    let told: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!([
                row["kind"],
                row["event_id"],
                row["event_type"],
                row["verified_by"],
                row["shadow_verdict"],
                row["markers"],
                row["critical"],
                row["is_critical"],
                row["answered"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["event", "msg_1", "labtest.result.ready", "svix", null, 2, 1, true, 200]),
            json!(["other", null, null, null, null, null, 0, false, 400]),
            json!(["original", null, "order.completed", null, "reject;json", null, 0, false, 200]),
            json!(["original", null, "labtest.result.ready", null, "accept", 2, 1, true, 200]),
        ]
    );
    let words = rows[0]["words"].as_str().unwrap();
    for word in ["msg_1", "White Blood Cells", "white-blood-cells", "order-1", "user-1"] {
        assert!(words.lines().any(|known| known == word), "{word} in {words}");
    }
}

#[test]
fn tells_who_comes_again_what_was_missed_and_no_more() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("msg_1")).0, 200);
    let (_, seen) = Stream::start(&stub).rows(1);
    for id in ["msg_2", "msg_3"] {
        assert_eq!(stub.post(order_event(id)).0, 200);
    }
    let header = format!("last-event-id: {seen}\r\n");
    for (target, headers) in [("/live", header.as_str()), (&format!("/live?since={seen}"), "")] {
        let (rows, _) = Stream::open(&stub, target, headers).rows(2);
        let ids: Vec<&Value> = rows.iter().map(|row| &row["event_id"]).collect();
        assert_eq!(ids, ["msg_2", "msg_3"], "{target}");
    }
}

#[test]
fn tells_everything_to_who_comes_from_another_run_or_with_nonsense() {
    let stub = start(&[]);
    for id in ["msg_1", "msg_2"] {
        assert_eq!(stub.post(order_event(id)).0, 200);
    }
    for seen in ["0-1", "18ec398bb480fded-7", "nonsense", "-1", "1-99999999999999999999", ""] {
        let headers = format!("last-event-id: {seen}\r\n");
        let (rows, _) = Stream::open(&stub, "/live", &headers).rows(2);
        assert_eq!(rows.len(), 2, "{seen}");
    }
}

#[test]
fn tells_many_requests_in_several_events() {
    let stub = start(&[]);
    for number in 0..201 {
        assert_eq!(stub.post_to(&format!("/{number}"), "").0, 404);
    }
    let mut stream = Stream::start(&stub);
    let first = stream.next("requests").unwrap();
    assert_eq!(
        (first.data["rows"].as_array().unwrap().len(), &first.data["more"]),
        (200, &json!(true))
    );
    let second = stream.next("requests").unwrap();
    assert_eq!(
        (second.data["rows"].as_array().unwrap().len(), &second.data["more"]),
        (1, &json!(false))
    );
    assert_eq!(second.data["rows"][0]["path"], "/200");
}

#[test]
fn tells_from_which_request_on_all_are_remembered() {
    let stub = start(&[]);
    let mut stream = Stream::start(&stub);
    assert_eq!(stub.post_to("/one", "").0, 404);
    let (rows, _) = stream.rows(1);
    let run = rows[0]["id"].as_str().unwrap().split_once('-').unwrap().0.to_owned();
    assert_eq!(stub.delete("/requests"), 204);
    assert_eq!(
        stream.next("requests").unwrap().data,
        json!({"first": format!("{run}-1"), "rows": [], "more": false})
    );
}

#[test]
fn ends_at_once_when_the_stub_is_asked_to_end() {
    let mut stub = start(&[]);
    let mut stream = Stream::start(&stub);
    assert!(stream.next("requests").is_some());
    let asked = Instant::now();
    assert!(stub.terminate().success());
    // The grace for open requests is five seconds.
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert_eq!(stream.next("requests"), None);
}

/// So many pages may be open at once.
const MAX_READERS: usize = 16;

fn asks_to_wait(answer: &str) -> bool {
    let head = answer.to_ascii_lowercase();
    head.starts_with("http/1.1 503 ") && head.contains("\r\nretry-after: 5\r\n")
}

#[test]
fn stores_webhooks_while_as_many_as_may_read_do_not_and_asks_one_more_to_wait() {
    let stub = start(&[]);
    let body = "a".repeat(16 * 1024);
    for _ in 0..1000 {
        assert_eq!(stub.post_to("/any", &body).0, 404);
    }
    // Of a stream, which has no end, its beginning.
    let ask = |method: &str| {
        let mut connection = TcpStream::connect(&stub.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = &stub.address;
        let close = "connection: close";
        write!(connection, "{method} /live HTTP/1.1\r\nhost: {host}\r\n{close}\r\n\r\n").unwrap();
        let mut answer = vec![0; 12];
        connection.read_exact(&mut answer).unwrap();
        if answer != b"HTTP/1.1 200" {
            connection.read_to_end(&mut answer).unwrap();
        }
        String::from_utf8(answer).unwrap()
    };
    let mut stalled: Vec<Stream> = (1..MAX_READERS).map(|_| Stream::start(&stub)).collect();
    // A question whether there is a place takes none.
    for _ in 0..3 {
        assert!(ask("HEAD").starts_with("HTTP/1.1 200"));
    }
    stalled.push(Stream::start(&stub));
    let answer = ask("GET");
    assert!(asks_to_wait(&answer), "{answer}");
    let said =
        r#"{"error":"too_many_readers","message":"as many pages are open as may be; close one"}"#;
    assert!(answer.ends_with(said), "{answer}");
    assert!(asks_to_wait(&ask("HEAD")));

    let begin = Instant::now();
    for number in 0..100 {
        assert_eq!(stub.post(order_event(&format!("msg_{number}"))).0, 200);
    }
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    assert_eq!(stub.rows("/events").len(), 100);

    // Whoever reads again has missed nothing, and whoever goes makes room.
    let (rows, _) = stalled[0].rows(1100);
    assert_eq!(rows.iter().filter(|row| row["kind"] == "event").count(), 100);
    drop(stalled.pop());
    let begin = Instant::now();
    while asks_to_wait(&ask("HEAD")) {
        assert!(begin.elapsed() < PATIENCE, "the place was kept");
        thread::sleep(Duration::from_millis(20));
    }
}
