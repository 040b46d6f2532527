//! However a body arrives, the same checks apply, and nothing goes on before their verdict.

use harness::{Answer, Request, Setup, eventually, shared};

use crate::sample::{RESULT, refusal, result_of_length, unverified};

const MAX: usize = 1024 * 1024;

#[test]
fn verifies_a_chunked_body_across_chunks() {
    let good = Request::signed(RESULT);
    let bad = good.clone().body(RESULT.replace("clear", "cloud"));
    let bad = Request { query: Request::unsigned("").query, ..bad };
    for (request, status) in [(good, 200), (bad, 401)] {
        let mut wire = shared().connect();
        wire.write_head(&request, "transfer-encoding: chunked");
        for part in request.body.chunks(7) {
            wire.write_chunk(part);
        }
        wire.write_end(&[]);
        assert_eq!(wire.answer().status, status);
        assert_eq!(shared().saw(&request).len(), usize::from(status == 200));
    }
}

#[test]
fn verifies_a_chunked_body_that_ends_with_trailers() {
    // Envoy drops HTTP/1.1 trailers unless it is told otherwise.
    let gateway = Setup::new().http1_trailers().start();
    for (name, request, status) in [
        ("signed", Request::signed(RESULT), 200),
        ("forged", Request::signed(RESULT).set("svix-id", "msg_forged"), 401),
        ("signed and empty", Request::signed(""), 400),
    ] {
        let mut wire = gateway.connect();
        wire.write_head(&request, "transfer-encoding: chunked");
        if !request.body.is_empty() {
            wire.write_chunk(&request.body);
        }
        wire.write_end(&[("x-checksum", "1"), ("svix-signature", "v1,late")]);
        let answer = wire.answer();
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        if status == 200 {
            // The body has an exact length, which HTTP/1.1 cannot have together with trailers.
            let seen = gateway.forwarded(&request);
            assert_eq!(seen.header("transfer-encoding"), [""; 0], "{name}");
        } else {
            assert_eq!(gateway.saw(&request), [], "{name}: the upstream saw nothing");
        }
    }
}

#[test]
fn verifies_http2_with_and_without_trailers() {
    for trailers in [&[][..], &[("x-checksum", "1")]] {
        let good = Request::signed(RESULT);
        assert_eq!(shared().send_http2(&good, trailers).status, 200, "{trailers:?}");
        assert_eq!(shared().forwarded(&good).json()["verified_by"], "svix", "{trailers:?}");

        let forged = Request::signed(RESULT).set("svix-id", "msg_forged");
        let answer = shared().send_http2(&forged, trailers);
        assert_eq!((answer.status, answer.json()), (401, unverified()), "{trailers:?}");
        assert_eq!(shared().saw(&forged), [], "{trailers:?}: the upstream saw nothing");
    }
}

#[test]
fn takes_a_body_of_exactly_the_bound_over_http1_and_http2() {
    // Not the shared one: every test there would have to read these bodies again.
    let gateway = Setup::new().start();
    for http2 in [false, true] {
        let request = Request::signed(result_of_length(MAX));
        let answer = if http2 { gateway.send_http2(&request, &[]) } else { gateway.send(&request) };
        assert_eq!(answer.status, 200, "HTTP/2: {http2}: {}", answer.text());
        gateway.forwarded(&request);
    }
}

#[test]
fn refuses_one_byte_more_over_http1_and_http2() {
    let request = Request::signed(result_of_length(MAX + 1));
    assert_too_large(&shared().send(&request));
    assert_eq!(shared().saw(&request), []);
    let request = Request::signed(result_of_length(MAX + 1));
    assert_too_large(&shared().send_http2(&request, &[]));
    assert_eq!(shared().saw(&request), []);
}

#[test]
fn refuses_a_chunked_body_as_soon_as_it_passes_the_bound() {
    let request = Request::signed("");
    let mut wire = shared().connect();
    wire.write_head(&request, "transfer-encoding: chunked");
    wire.write_chunk(&vec![b' '; MAX]);
    wire.write_chunk(b" ");
    // The last chunk is never sent: an answer at the end would not come at all.
    assert_too_large(&wire.answer());
    assert_eq!(shared().saw(&request), []);
}

#[test]
fn answers_before_the_body_where_the_head_decides() {
    let request = Request::unsigned("");
    let mut wire = shared().connect();
    wire.write_head(&request, "content-length: 100");
    assert_eq!(wire.answer().json(), unverified());
    assert_eq!(shared().saw(&request), []);
}

#[test]
fn waits_for_a_slow_body_and_then_forwards_it_whole() {
    let gateway = Setup::new().start();
    let request = Request::signed(RESULT);
    let mut wire = gateway.connect();
    wire.write_head(&request, &format!("content-length: {}", request.body.len()));
    let (first, second) = request.body.split_at(40);
    wire.write(first);
    until_received(&gateway, 1);
    assert_eq!(gateway.saw(&request), [], "nothing goes on before the verdict");
    wire.write(second);
    assert_eq!(wire.answer().status, 200);
    gateway.forwarded(&request);
}

#[test]
fn forwards_nothing_for_a_sender_that_goes_away() {
    let gateway = Setup::new().start();
    let request = Request::signed(RESULT);
    let mut wire = gateway.connect();
    wire.write_head(&request, &format!("content-length: {}", request.body.len()));
    wire.write(&request.body[..40]);
    until_received(&gateway, 1);
    drop(wire);
    until_received(&gateway, 0);
    assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
    assert_eq!(gateway.wasm_reloads(), 0);
}

/// Waits until Envoy is busy with so many requests.
fn until_received(gateway: &harness::Gateway, requests: u64) {
    eventually("Envoy has noticed", || {
        (gateway.admin.stat("http.webhooks.downstream_rq_active") == Some(requests)).then_some(())
    });
}

#[track_caller]
fn assert_too_large(answer: &Answer) {
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(answer.json(), refusal("payload_too_large", "The body is too large"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}
