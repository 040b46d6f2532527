//! Shadow mode: whatever the verdict, the request goes on as it came, with the verdict beside it,
//! which nobody else can write.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use harness::{CONNECTION_MANAGER, Request, Setup, UPSTREAM, Upstream};
use serde_json::json;

use crate::sample::{RESULT, result_of_length};

const VERDICT: &str = "x-junction-verdict";
/// What a reader may take for it.
const SPELLINGS: [&str; 4] =
    [VERDICT, "x_junction_verdict", "x-junction_verdict", "x_junction-verdict"];
const MAX: usize = 1024 * 1024;

/// An Envoy that lets names with `_` through, and trailers on both sides.
fn setup(mode: &str) -> Setup {
    let action = "common_http_protocol_options.headers_with_underscores_action";
    let mut setup = Setup::new()
        .config(&json!({"mode": mode}))
        .http1_trailers()
        .patch(&format!("{CONNECTION_MANAGER}.{action}"), "ALLOW");
    let options = &mut setup.yaml()["static_resources"]["clusters"][0]["typed_extension_protocol_options"]
        ["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
    let http1 = &mut options["explicit_http_config"]["http_protocol_options"];
    http1["enable_trailers"] = true.into();
    setup
}

/// Requests whose verdicts fall at the head, on the way, at the body's end, and what each is.
fn requests() -> Vec<(&'static str, Request, &'static str)> {
    vec![
        ("head", Request::unsigned(RESULT), "reject;signature_missing"),
        ("way", Request::signed(result_of_length(MAX + 1)), "reject;body_size"),
        ("end", Request::signed(RESULT), "accept"),
        ("end, forged", Request::signed(RESULT).set("svix-id", "b"), "reject;signature_mismatch"),
        ("empty", Request::signed(""), "reject;json"),
    ]
}

#[test]
fn no_spelling_of_the_verdict_as_a_header_reaches_the_upstream_and_all_else_does() {
    let gateway = setup("shadow").start();
    for (name, request, verdict) in requests() {
        let request = SPELLINGS
            .into_iter()
            .fold(request, |request, spelling| request.header(spelling, "accept"))
            .header("x_signature", "kept")
            .header("x-http-method-override", "PUT")
            .header("idempotency_key", "kept");
        gateway.send(&request);
        let mut seen = gateway.saw(&request);
        assert_eq!(seen.len(), 1, "{name}");
        let seen = seen.remove(0);
        assert_eq!(seen.header(VERDICT), [verdict], "{name}");
        for (own, value) in &request.headers {
            if !SPELLINGS.contains(&own.as_str()) {
                assert_eq!(seen.header(own), [value], "{name}: {own}");
            }
        }
        for spelling in &SPELLINGS[1..] {
            assert_eq!(seen.header(spelling), [""; 0], "{name}: {spelling}");
        }
        assert_eq!(seen.body.unwrap_or_default().into_bytes(), request.body, "{name}");
    }
}

/// The head of a request that ends with trailers and the trailers, as the upstream gets them.
fn received(stream: &mut TcpStream) -> (String, String) {
    let mut text = Vec::new();
    let end = |text: &[u8]| {
        let last_chunk = text.windows(5).position(|bytes| bytes == b"\r\n0\r\n")?;
        text.ends_with(b"\r\n\r\n").then_some(last_chunk)
    };
    let last_chunk = loop {
        if let Some(last_chunk) = end(&text) {
            break last_chunk;
        }
        let mut part = vec![0; 65_536];
        let length = stream.read(&mut part).unwrap();
        assert_ne!(length, 0, "it ends early: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&part[..length]);
    };
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
    let trailers = String::from_utf8(text.split_off(last_chunk + 5)).unwrap();
    let head = String::from_utf8(text).unwrap();
    (head.split_once("\r\n\r\n").map_or(head.clone(), |(head, _)| head.to_owned()), trailers)
}

#[test]
fn no_spelling_of_the_verdict_as_a_trailer_reaches_the_upstream_and_all_others_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sent: Vec<_> =
        SPELLINGS.into_iter().map(|name| (name, "accept")).chain([("x-sum", "1")]).collect();
    for mode in ["shadow", "enforce"] {
        let gateway = setup(mode).patch(UPSTREAM, port).start_in_front_of(Upstream::start(&[]));
        let unguarded = Request::unsigned(RESULT).path("/other").header(VERDICT, "accept");
        let mut requests = if mode == "shadow" { requests() } else { Vec::new() };
        requests.push(("unguarded", unguarded, "accept"));
        for (name, request, verdict) in requests {
            for is_http2 in [false, true] {
                let (head, trailers) = thread::scope(|scope| {
                    let upstream = scope.spawn(|| received(&mut listener.accept().unwrap().0));
                    let answer = if is_http2 {
                        gateway.send_http2(&request, &sent)
                    } else {
                        let mut wire = gateway.connect();
                        wire.write_head(&request, "transfer-encoding: chunked");
                        for part in request.body.chunks(100_000) {
                            wire.write_chunk(part);
                        }
                        wire.write_end(&sent);
                        wire.answer()
                    };
                    assert_eq!(answer.status, 204, "{mode}, {name}, HTTP/2 {is_http2}");
                    upstream.join().unwrap()
                });
                let name = format!("{mode}, {name}, HTTP/2 {is_http2}");
                assert!(head.contains(&format!("\r\n{VERDICT}: {verdict}")), "{name}: {head}");
                let mut trailers: Vec<_> = trailers.split("\r\n").collect();
                trailers.retain(|line| !line.is_empty());
                let all: Vec<_> =
                    sent.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                let expected = if name.contains("unguarded") { &all[..] } else { &all[4..] };
                assert_eq!(trailers, expected, "{name}");
            }
        }
    }
}
