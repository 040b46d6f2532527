//! On a host that cannot hold headers back, Envoy's `buffer` filter behind this one does it: with
//! `hold_headers` false the head is passed on unverified, and still never reaches the upstream.

use std::{fs, process::Command, sync::OnceLock};

use harness::{Answer, Gateway, Host, ID, Request, Setup, eventually, root, sign_plain};
use serde_json::{Value, json};

use crate::sample::{RESULT, refusal, result_of_length, unverified};

const MAX: usize = 1024 * 1024;

/// The filter without held headers, and `buffer` behind it.
fn setup(config: &Value) -> Setup {
    let buffer = json!({
        "name": "envoy.filters.http.buffer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
            "max_request_bytes": 33_554_432,
        },
    });
    Setup::new()
        .without_held_headers(config)
        .filter_behind(serde_yaml_ng::to_value(buffer).unwrap())
        .http1_trailers()
}

fn shared() -> &'static Gateway {
    static SHARED: OnceLock<Gateway> = OnceLock::new();
    SHARED.get_or_init(|| setup(&json!({})).start())
}

/// The ways in which a body can arrive.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length,
    Chunks,
    ChunksAndTrailers,
    Http2,
    Http2AndTrailers,
}

const FRAMINGS: [Framing; 5] = [
    Framing::Length,
    Framing::Chunks,
    Framing::ChunksAndTrailers,
    Framing::Http2,
    Framing::Http2AndTrailers,
];

fn send(gateway: &Gateway, request: &Request, framing: Framing) -> Answer {
    let trailers = [("x-checksum", "1"), ("svix-signature", "v1,late")];
    match framing {
        Framing::Length => gateway.send(request),
        Framing::Http2 => gateway.send_http2(request, &[]),
        Framing::Http2AndTrailers => gateway.send_http2(request, &trailers),
        Framing::Chunks | Framing::ChunksAndTrailers => {
            let mut wire = gateway.connect();
            wire.write_head(request, "transfer-encoding: chunked");
            for part in request.body.chunks(29) {
                wire.write_chunk(part);
            }
            let with_trailers = matches!(framing, Framing::ChunksAndTrailers);
            wire.write_end(if with_trailers { &trailers } else { &[] });
            wire.answer()
        }
    }
}

#[test]
fn forwards_the_normalised_event_in_every_framing() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    for framing in FRAMINGS {
        let request = Request::signed(RESULT)
            .set("content-type", "application/vnd.junction+json")
            .header("idempotency-key", "forged")
            .header("x-junction-event-type", "forged")
            .header("x-junction-verified-by", "forged")
            .header("x-junction-verdict", "accept")
            .header("x-other", "kept");
        let answer = send(shared(), &request, framing);
        assert_eq!(answer.status, 200, "{framing:?}: {}", answer.text());
        let seen = shared().forwarded(&request);
        assert_eq!(seen.json()["event_id"], ID, "{framing:?}");
        let length = seen.body.as_ref().unwrap().len().to_string();
        for (name, expected) in [
            ("content-type", &["application/json"][..]),
            ("content-length", &[length.as_str()]),
            ("transfer-encoding", &[]),
            ("idempotency-key", &[ID]),
            ("x-junction-verified-by", &["svix"]),
            // The event's type is not known before its body.
            ("x-junction-event-type", &[]),
            ("x-junction-verdict", &[]),
            ("svix-id", &[ID]),
            ("svix-signature", &[]),
            ("x-other", &["kept"]),
        ] {
            assert_eq!(seen.header(name), expected, "{framing:?}: {name}");
        }
    }
}

#[test]
fn the_upstream_sees_no_head_of_a_refused_request_in_any_framing() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    for framing in FRAMINGS {
        for (name, request, status, error) in [
            ("head", Request::unsigned(RESULT), 401, "signature_verification_failed"),
            (
                "forged",
                Request::signed(RESULT).set("svix-id", "msg_forged"),
                401,
                "signature_verification_failed",
            ),
            ("schema", Request::signed("{}"), 400, "validation_error"),
            ("long", Request::signed(result_of_length(MAX + 1)), 413, "payload_too_large"),
        ] {
            // A declared length is refused before the body; only that framing declares one.
            let answer = send(shared(), &request, framing);
            assert_eq!(answer.status, status, "{framing:?}, {name}: {}", answer.text());
            assert_eq!(answer.json()["error"], error, "{framing:?}, {name}");
            assert_eq!(shared().saw(&request), [], "{framing:?}, {name}: the upstream saw nothing");
        }
        let empty = Request::signed("");
        assert_eq!(send(shared(), &empty, framing).status, 400, "{framing:?}, empty");
        assert_eq!(shared().saw(&empty), [], "{framing:?}, empty: the upstream saw nothing");
    }
}

#[test]
fn the_head_waits_for_a_slow_body() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway = setup(&json!({})).start();
    let request = Request::signed(RESULT);
    let mut wire = gateway.connect();
    wire.write_head(&request, &format!("content-length: {}", request.body.len()));
    let (first, second) = request.body.split_at(40);
    wire.write(first);
    eventually("Envoy has the first part", || {
        (gateway.admin.stat("http.webhooks.downstream_rq_active") == Some(1)).then_some(())
    });
    assert_eq!(gateway.saw(&request), [], "nothing goes on before the verdict");
    wire.write(second);
    assert_eq!(wire.answer().status, 200);
    gateway.forwarded(&request);
}

#[test]
fn takes_a_body_of_exactly_the_bound_and_forwards_a_much_longer_event() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway = setup(&json!({})).start();
    for http2 in [false, true] {
        let request = Request::signed(result_of_length(MAX));
        let answer = if http2 { gateway.send_http2(&request, &[]) } else { gateway.send(&request) };
        assert_eq!(answer.status, 200, "HTTP/2: {http2}: {}", answer.text());
        gateway.forwarded(&request);
    }
    let markers = vec![r#"{"name":"a"}"#; 15_000].join(",");
    let body =
        format!(r#"{{"event_type":"labtest.result.ready","data":{{"markers":[{markers}]}}}}"#);
    let request = Request::signed(&body);
    assert_eq!(gateway.send(&request).status, 200);
    assert!(gateway.forwarded(&request).body.unwrap().len() > body.len() * 10);
}

#[test]
fn under_plain_hmac_there_is_no_idempotency_key() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let config =
        json!({"svix": {"secrets": []}, "hmac": {"secrets": [{"inline": "plain secret"}]}});
    let gateway = setup(&config).start();
    let request = Request::unsigned(RESULT)
        .header("x-signature", &sign_plain("plain secret", RESULT))
        .header("idempotency-key", "forged");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = gateway.forwarded(&request);
    assert_eq!(seen.header("idempotency-key"), [""; 0]);
    assert_eq!(seen.header("x-junction-verified-by"), ["hmac"]);
    assert_eq!(seen.header("x-signature"), [""; 0]);
    // The body has it all the same.
    let event = seen.json();
    assert!(event["event_id"].as_str().unwrap().starts_with("sha256:"), "{event}");
}

#[test]
fn acknowledges_unknown_events_without_the_upstream() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway = setup(&json!({"unknown_events": "acknowledge"})).start();
    let request = Request::signed(r#"{"event_type":"labtest.order.updated","data":{}}"#);
    let answer = gateway.send(&request);
    assert_eq!((answer.status, &answer.json()["ignored"]), (200, &json!(true)));
    assert_eq!(gateway.saw(&request), []);
}

#[test]
fn shadow_mode_passes_everything_on_untouched_and_tells_the_upstream_what_the_head_gives_away() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway = setup(&json!({"mode": "shadow"})).start();
    for framing in FRAMINGS {
        for (name, request, verdict) in [
            ("good", Request::signed(RESULT), None),
            ("forged", Request::signed(RESULT).set("svix-id", "msg_forged"), None),
            ("schema", Request::signed("{}"), None),
            // Known while the head is still there.
            ("unsigned", Request::unsigned(RESULT), Some("reject;signature_missing")),
        ] {
            let request = request.header("x-junction-verdict", "accept");
            send(&gateway, &request, framing);
            let seen = gateway.forwarded(&request);
            let name = format!("{framing:?}, {name}");
            assert_eq!(seen.body.as_deref().map(str::as_bytes), Some(&*request.body), "{name}");
            assert_eq!(seen.header("x-junction-verdict"), Vec::from_iter(verdict), "{name}");
            for (header, value) in &request.headers {
                if header != "x-junction-verdict" {
                    assert_eq!(seen.header(header), [value], "{name}: {header}");
                }
            }
        }
    }
    let labels = [("outcome", "shadowed"), ("reason", "signature_mismatch")];
    assert_eq!(gateway.counter("junction_webhook_requests_total", &labels), 5);
}

#[test]
fn where_nothing_holds_the_head_back_every_request_is_refused_and_the_log_says_why() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway = Setup::new().without_held_headers(&json!({})).start();
    for trailers in [&[][..], &[("x-checksum", "1")]] {
        let request = Request::signed(RESULT);
        let answer = gateway.send_http2(&request, trailers);
        let expected = refusal("configuration_error", "Webhook verification is not configured");
        assert_eq!((answer.status, answer.json()), (500, expected), "{trailers:?}");
        let bodies: Vec<_> =
            gateway.saw(&request).into_iter().filter_map(|seen| seen.body).collect();
        assert!(bodies.iter().all(String::is_empty), "{trailers:?}: no byte of the body went on");
    }
    let labels = [("outcome", "rejected"), ("reason", "configuration")];
    assert_eq!(gateway.counter("junction_webhook_requests_total", &labels), 2);
    gateway.log_with("hold_headers is false");
    // What the head alone decides needs nobody to hold it.
    assert_eq!(gateway.send(&Request::unsigned(RESULT)).json(), unverified());
}

#[test]
fn where_the_host_holds_bodies_back_as_well_the_log_says_why_requests_hang() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway =
        Setup::new().without_header_stop().connection_manager("request_timeout", "0.3s").start();
    let request = Request::signed(RESULT);
    assert_ne!(gateway.send(&request).status, 200);
    assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
    gateway.log_with("lacks allow_on_headers_stop_iteration");
}

/// With `buffer` missing, the check that README gives shows the head that went on.
#[test]
fn the_check_of_the_readme_shows_a_head_that_leaks() {
    if Host::lacks("head that goes on before the verdict") {
        return;
    }
    let gateway = Setup::new().without_held_headers(&json!({})).start();
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let check = page.lines().find(|line| line.contains("msg_forged") && line.contains("curl "));
    let check = check.unwrap().replace("127.0.0.1:10000", &gateway.address.to_string());
    let told = Command::new("bash").args(["-c", &check]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.starts_with(r#"{"error":"configuration_error""#), "{told}");
    let head = eventually("the upstream has the head", || {
        gateway.saw_of_all().into_iter().find(|seen| seen.header("svix-id") == ["msg_forged"])
    });
    assert_eq!((head.body.as_deref(), head.complete), (Some(""), false));
}
