//! An event that Envoy has no room for: refused, and counted, logged and told as that.

use harness::{Answer, CONNECTION_MANAGER, Gateway, Host, ID, Request, Setup, envoy_release};

/// What Envoy may hold back of one request.
const BOUND: &str = "route_config.virtual_hosts.0.request_body_buffer_limit";
/// What it may here: the window of a stream of HTTP/2, below which Envoy sets no bound.
const ROOM: usize = 65_536;
/// A body of up to a frame whose end comes with it, and which Envoy therefore never holds.
const FRAME: usize = 16_384;
/// So many markers come to an event that is a little shorter.
const MARKERS: usize = 270;

/// How a request comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Chunks,
    Trailers,
    /// In two frames, so that Envoy holds the first one.
    Http2,
}

const FRAMINGS: [Framing; 4] =
    [Framing::Length, Framing::Chunks, Framing::Trailers, Framing::Http2];

fn setup() -> Setup {
    Setup::new()
        .http1_trailers()
        .patch(&format!("{CONNECTION_MANAGER}.{BOUND}"), ROOM)
        .patch("static_resources.listeners.0.per_connection_buffer_limit_bytes", ROOM)
}

/// An event whose text is `extra` bytes longer than that of `markers` markers.
fn body(markers: usize, extra: usize) -> String {
    let markers = vec![r#"{"name":"a"}"#; markers].join(",");
    let status = "x".repeat(extra);
    format!(
        r#"{{"event_type":"labtest.result.ready","data":{{"status":"{status}","markers":[{markers}]}}}}"#
    )
}

fn send(gateway: &Gateway, request: &Request, framing: Framing) -> Answer {
    match framing {
        Framing::Length => gateway.send(request),
        Framing::Http2 => gateway.send_http2(request, &[]),
        Framing::Chunks | Framing::Trailers => {
            let mut wire = gateway.connect();
            wire.write_head(request, "transfer-encoding: chunked");
            for part in request.body.chunks(1_000) {
                wire.write_chunk(part);
            }
            wire.write_end(if framing == Framing::Trailers { &[("x-sum", "1")] } else { &[] });
            wire.answer()
        }
    }
}

/// How many requests were counted as forwarded, as refused for their length, and events and
/// markers.
fn counted(gateway: &Gateway) -> [u64; 4] {
    let requests = |outcome: &str, reason: &str| {
        let labels = [("outcome", outcome), ("reason", reason)];
        gateway.counter("junction_webhook_requests_total", &labels)
    };
    let events = [("event_type", "labtest.result.ready")];
    [
        requests("forwarded", "none"),
        requests("rejected", "body_size"),
        gateway.counter("junction_webhook_events_total", &events),
        gateway.counter("junction_webhook_markers_total", &[]),
    ]
}

/// What two requests have counted, the first of which is forwarded and the second refused.
fn sum(before: [u64; 4], forwarded: u64, refused: u64) -> [u64; 4] {
    let [was_forwarded, was_refused, events, markers] = before;
    let more = forwarded * u64::try_from(MARKERS).unwrap();
    [was_forwarded + forwarded, was_refused + refused, events + forwarded, markers + more]
}

#[test]
fn an_event_of_just_envoys_bound_goes_on_and_a_longer_one_is_refused_as_too_long_everywhere() {
    let gateway = setup().start();
    let short = Request::signed(body(MARKERS, 0));
    assert_eq!(gateway.send(&short).status, 200);
    let fitting = ROOM - gateway.forwarded(&short).body.unwrap().len();
    for framing in FRAMINGS {
        let before = counted(&gateway);
        let padding = " ".repeat(if framing == Framing::Http2 { FRAME } else { 0 });
        let request = Request::signed(body(MARKERS, fitting) + &padding);
        let (answer, line) = gateway.logged(|| send(&gateway, &request, framing));
        assert_eq!(answer.status, 200, "{framing:?}: {}", answer.text());
        assert_eq!(line["verdict"], "forwarded", "{framing:?}: {line}");
        assert_eq!(gateway.forwarded(&request).body.unwrap().len(), ROOM, "{framing:?}");
        assert_eq!(counted(&gateway), sum(before, 1, 0), "{framing:?}");

        if framing == Framing::Http2 && envoy_release() < (1, 37) {
            // Envoy 1.36 has more room for a stream of HTTP/2 than that: the longer one goes on
            // too.
            continue;
        }
        let request = Request::signed(body(MARKERS, fitting + 1) + &padding);
        let (answer, line) = gateway.logged(|| send(&gateway, &request, framing));
        assert_eq!(answer.status, 413, "{framing:?}");
        let expected = r#"{"error":"payload_too_large","message":"The body is too large"}"#;
        assert_eq!(answer.text(), expected, "{framing:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{framing:?}");
        let fields = ["verdict", "reason", "event_id"].map(|field| line[field].clone());
        assert_eq!(fields, ["rejected", "body_size", ID], "{framing:?}: {line}");
        assert!(line["event_type"].is_null(), "{framing:?}: {line}");
        assert_eq!(gateway.saw(&request), [], "{framing:?}: the upstream saw nothing");
        assert_eq!(counted(&gateway), sum(before, 1, 1), "{framing:?}");
    }
    gateway.log_with(&format!("webhook rejected: reason=body_size event_id={ID}"));
    assert_eq!(gateway.wasm_reloads(), 0);
}

/// Envoy has no bound for a body that it has not held back.
#[test]
fn an_event_whose_document_comes_in_one_frame_goes_on_whatever_its_length() {
    let gateway = setup().start();
    let request = Request::signed(body(1_200, 0));
    assert!(request.body.len() < FRAME);
    let before = counted(&gateway);
    assert_eq!(gateway.send_http2(&request, &[]).status, 200);
    assert!(gateway.forwarded(&request).body.unwrap().len() > 4 * ROOM);
    let [forwarded, refused, events, markers] = before;
    assert_eq!(counted(&gateway), [forwarded + 1, refused, events + 1, markers + 1_200]);
}

#[test]
fn where_the_module_may_not_ask_envoy_refuses_all_the_same() {
    if Host::lacks("capabilities") {
        return;
    }
    let gateway = setup().without_capability("proxy_get_property").start();
    let asked = || gateway.log_to_here().matches("restricted proxy-wasm capability").count();
    let before = asked();
    let request = Request::signed(body(1_500, 0));
    assert_eq!(gateway.send(&request).status, 413);
    assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
    assert_eq!(gateway.send(&Request::signed(body(1, 0))).status, 200);
    assert_eq!(asked(), before, "Envoy writes a line each time that it is asked");
}
