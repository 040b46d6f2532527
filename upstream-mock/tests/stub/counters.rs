//! What `GET /live` tells of Envoy's statistics.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    process::Command,
    thread,
};

use serde_json::json;

use crate::running::start;
use crate::stream::Stream;

/// Something that answers each request with these bytes, and tells what it was asked for.
fn admin(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4096];
            let length = connection.read(&mut head).unwrap_or(0);
            let asked = String::from_utf8_lossy(&head[..length]).into_owned();
            assert!(asked.starts_with("GET /stats?filter="), "{asked}");
            // Who asked may have had enough.
            let _ = connection.write_all(answer);
        }
    });
    address
}

fn told(admin: SocketAddr) -> serde_json::Value {
    let stub = start(&["--envoy-admin", &format!("http://{admin}")]);
    Stream::start(&stub).next("envoy").unwrap().data
}

#[test]
fn tells_what_the_filter_counted() {
    let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
        wasmcustom.junction_webhook_config_ok: 1\n\
        wasmcustom.junction_webhook_requests_total.outcome.forwarded.reason.none: 3\n\
        wasmcustom.junction_webhook_requests_total.outcome.rejected.reason.schema: 2\n";
    assert_eq!(
        told(admin(answer)),
        json!({"counters": {"config_ok": true, "guards_everything": false, "shadow": false,
            "forwarded": 3, "acknowledged": 0, "shadowed": 0, "rejected": 2, "reasons": {"schema": 2}}})
    );
}

#[test]
fn says_why_there_is_nothing_to_tell() {
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = told(gone)["error"].as_str().unwrap().to_owned();
    assert!(refused.contains("refused"), "{refused}");
    for answer in [
        &b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"[..],
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
        // Says nothing, and hangs up.
        b"",
        // More than anything that is worth telling.
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
    ] {
        let told = told(admin(answer));
        assert!(told["error"].is_string(), "{told}");
    }
}

#[test]
fn asks_nobody_unless_it_is_told_to() {
    let stub = start(&[]);
    let mut stream = Stream::start(&stub);
    assert!(stream.next("requests").is_some());
    assert_eq!(stub.delete("/requests"), 204);
    // The next event is of requests again, and Envoy's would come first.
    let event = stream.next("requests").unwrap();
    assert_eq!(event.data["rows"], json!([]));
}

#[test]
fn takes_no_address_but_a_loopback_for_envoys() {
    let stub = env!("CARGO_BIN_EXE_upstream-mock");
    let said = Command::new(stub).args(["--envoy-admin", "http://10.0.0.1:9901"]).output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    let told = String::from_utf8(said.stderr).unwrap();
    assert!(told.contains("not http:// and a loopback address with a port"), "{told}");
}
