//! What the settings around the filter in `envoy.yaml` do, as far as the filter relies on them.

use harness::{CONNECTION_MANAGER, ENDPOINTS_LIMIT, Host, Request, Setup, eventually, shared};

use crate::sample::RESULT;

#[test]
fn a_flood_is_limited_before_it_reaches_the_filter() {
    let gateway = Setup::new().rate_limit(ENDPOINTS_LIMIT, 1).start();
    assert_eq!(gateway.send(&Request::signed(RESULT)).status, 200);
    let second = Request::signed(RESULT);
    assert_eq!(gateway.send(&second).status, 429);
    assert_eq!(gateway.saw(&second), [], "the upstream saw nothing");
}

#[test]
fn header_names_with_underscores_are_refused() {
    // Some frameworks read this one as svix-id.
    let request = Request::signed(RESULT).header("svix_id", "msg_other");
    assert_eq!(shared().send(&request).status, 400);
    assert_eq!(shared().saw(&request), [], "the upstream saw nothing");
}

#[test]
fn where_underscores_pass_no_sender_sets_a_header_of_the_filter_in_that_disguise() {
    let action = "common_http_protocol_options.headers_with_underscores_action";
    let gateway = Setup::new().patch(&format!("{CONNECTION_MANAGER}.{action}"), "ALLOW").start();
    let disguises = [
        "idempotency_key",
        "x_junction_event_type",
        "x-junction_verified-by",
        "x_junction_verdict",
        "svix_id",
        "svix-timestamp_",
        "webhook_signature",
        "x_signature",
    ];
    let request = disguises
        .into_iter()
        .fold(Request::signed(RESULT), |request, name| request.header(name, "forged"))
        .header("trace_id", "kept");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = gateway.forwarded(&request);
    for name in disguises.into_iter().filter(|name| !name.ends_with('_')) {
        assert_eq!(seen.header(name), [""; 0], "{name}");
    }
    assert_eq!(seen.header("trace_id"), ["kept"]);
}

/// Envoy turns every answer to a request that calls itself gRPC into a gRPC one, whose HTTP status
/// is 200; the verdict is in `grpc-status`.
#[test]
fn a_refusal_in_grpcs_form_is_a_refusal_all_the_same() {
    for (content_type, status) in [("application/grpc", "2"), ("application/grpc+json", "16")] {
        // Envoy gives a dynamic module's answer no gRPC status of its own.
        let status = if Host::under_test() == Host::Native { "0" } else { status };
        let request =
            Request::signed(RESULT).set("svix-id", "msg_forged").set("content-type", content_type);
        let answer = shared().send(&request);
        assert_eq!((answer.status, answer.header("grpc-status")), (200, Some(status)));
        assert_eq!(shared().saw(&request), [], "the upstream saw nothing");
    }
}

#[test]
fn two_framings_of_one_body_are_refused() {
    let request = Request::signed(RESULT).header("content-length", "5");
    let mut wire = shared().connect();
    wire.write_head(&request, "transfer-encoding: chunked");
    wire.write_chunk(&request.body);
    wire.write_end(&[]);
    assert_eq!(wire.answer().status, 400);
    assert_eq!(shared().saw(&request), [], "the upstream saw nothing");
}

#[test]
fn a_body_that_does_not_come_to_its_end_times_out() {
    let gateway = Setup::new().connection_manager("request_timeout", "0.2s").start();
    let request = Request::signed(RESULT);
    let mut wire = gateway.connect();
    wire.write_head(&request, &format!("content-length: {}", request.body.len()));
    wire.write(&request.body[..40]);
    assert_eq!(wire.answer().status, 408);
    assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
}

#[test]
fn an_unguarded_body_streams_through_without_being_held_back() {
    let gateway = Setup::new().start();
    let request = Request::new("POST", "/uploads");
    let mut wire = gateway.connect();
    wire.write_head(&request, "transfer-encoding: chunked");
    wire.write_chunk(b"the first part");
    eventually("the upstream has the first part", || {
        let seen = gateway.upstream.saw(&request);
        let first = seen.first()?;
        (!first.complete && first.body.as_deref() == Some("the first part")).then_some(())
    });
    // Longer than max_body_bytes: nothing is counted on this path.
    let rest = vec![b'x'; 3 * 1024 * 1024];
    wire.write_chunk(&rest);
    wire.write_end(&[]);
    assert_eq!(wire.answer().status, 404, "the stub's own answer");
    let seen = gateway.forwarded(&request).body.unwrap();
    assert_eq!(seen.len(), "the first part".len() + rest.len());
}
