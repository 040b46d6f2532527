//! What the plugin's configuration changes, and what a bad one does.

use harness::{Gateway, Host, ID, Request, SECRET, Setup, now, sign_plain};
use serde_json::json;

use crate::sample::{RESULT, refusal, unverified};

const OTHER_SECRET: &str = "whsec_b3RoZXIgc2VjcmV0IG9mIHNvbWUgbGVuZ3Ro";

#[test]
fn every_unusable_configuration_that_names_no_path_closes_the_endpoint_and_only_that() {
    let own = |config: &str| Setup::new().config_text(config);
    let hidden = "n0t-base64-s3cret!";
    for (field, setup) in [
        ("svix.secrets[0]", Setup::new().without_env("JUNCTION_WEBHOOK_SECRET")),
        ("svix.secrets[0]", Setup::new().env("JUNCTION_WEBHOOK_SECRET", "")),
        ("svix.secrets[0]", Setup::new().env("JUNCTION_WEBHOOK_SECRET", hidden)),
        ("svix.secrets[1]", Setup::new().env("JUNCTION_WEBHOOK_SECRET_PREVIOUS", hidden)),
        ("svix.secrets, hmac.secrets", own(r#"{"svix":{"secrets":[]}}"#)),
        ("mode", own(r#"{"mode":"n0t-base64-s3cret!"}"#)),
        ("mode", own(r#"{"mode":1}"#)),
        ("max_body_bytes", own(r#"{"max_body_bytes":0}"#)),
    ] {
        let gateway = setup.start();
        assert_closed(&gateway, &Request::signed(RESULT));
        let unguarded = Request::new("GET", "/elsewhere");
        assert_eq!(gateway.send(&unguarded).status, 404, "the stub's own answer");
        assert_eq!(gateway.counter("junction_webhook_guards_everything", &[]), 0, "{field}");
        let line = format!("configuration is unusable: {field}: ");
        let log = gateway.log_to_here();
        assert!(log.contains(&line), "{field}:\n{log}");
        assert!(log.contains("; its path is answered with 500"), "{field}:\n{log}");
        assert!(!log.contains(hidden), "{field}: a value in the log");
    }
}

#[test]
fn an_unusable_configuration_still_guards_the_path_that_it_names() {
    let gateway = Setup::new().config(&json!({"path": "/hooks/", "typo": 1})).start();
    assert_closed(&gateway, &Request::signed(RESULT).path("/hooks"));
    assert_eq!(gateway.send(&Request::new("GET", "/elsewhere")).status, 404);
}

/// Each opened `/hooks/lab` once: the operator's own path, and unsigned requests to it.
#[test]
fn a_configuration_that_does_not_say_which_path_was_meant_closes_everything() {
    let own = |config: &str| Setup::new().config_text(config);
    let shadow = json!({"path": "/hooks/lab", "mode": "shadow", "typo": 1});
    let shadow = shadow.to_string().replace("/lab", "/{lab}");
    for (field, setup) in [
        ("configuration", own(r#"{"path":"/hooks/lab","mode":"enforce",}"#)),
        ("configuration", own("\u{feff}{\"path\":\"/hooks/lab\"}")),
        ("configuration", own("// the endpoint\n{\"path\":\"/hooks/lab\"}")),
        ("configuration", own(r#"{"path":"/hooks/lab","path":"/hooks/lab"}"#)),
        ("configuration", own("path: /hooks/lab")),
        ("configuration", own("{")),
        ("configuration", own(r#"{"Path":"/hooks/lab"}"#)),
        ("paths", own(r#"{"paths":"/hooks/lab"}"#)),
        ("svix.path", own(r#"{"svix":{"path":"/hooks/lab"}}"#)),
        ("path", own(r#"{"path":"/hooks/lab "}"#)),
        ("path", own(r#"{"path":"/hooks/lab?a"}"#)),
        ("path", own(r#"{"path":"/hooks/l%61b"}"#)),
        ("path", own(r#"{"path":"/hooks/läb"}"#)),
        ("path", own(r#"{"path":"/hooks/*"}"#)),
        ("path", own(r#"{"path":""}"#)),
        ("typo", own(&shadow)),
        ("modes", Setup::new().config_struct(&json!({"modes": 1}))),
        ("path", Setup::new().config_struct(&json!({"path": "/hooks//lab"}))),
    ] {
        let gateway = setup.start();
        for request in [
            Request::unsigned(RESULT).path("/hooks/lab"),
            Request::signed(RESULT),
            Request::new("GET", "/"),
            Request::new("OPTIONS", "/elsewhere"),
            // Envoy's only worker handles this one after everything it still does for the others.
            Request::new("GET", "/fence"),
        ] {
            assert_refused(&gateway, &request);
        }
        assert!(gateway.upstream.requests().is_empty(), "{field}: the upstream saw nothing");
        assert_eq!(gateway.counter("junction_webhook_guards_everything", &[]), 1, "{field}");
        let line = format!("configuration is unusable: {field}: ");
        let log = gateway.log_to_here();
        assert!(log.contains(&line), "{field}:\n{log}");
        let end = "; everything is answered with 500, since it does not say which path was meant";
        assert!(log.contains(end), "{field}:\n{log}");
        assert!(!log.contains("hooks"), "{field}: a value in the log");
    }
}

#[track_caller]
fn assert_closed(gateway: &Gateway, request: &Request) {
    assert_refused(gateway, request);
    assert_eq!(gateway.saw(request), [], "the upstream saw nothing");
}

#[track_caller]
fn assert_refused(gateway: &Gateway, request: &Request) {
    let answer = gateway.send(request);
    let expected = refusal("configuration_error", "Webhook verification is not configured");
    assert_eq!((answer.status, answer.json()), (500, expected), "{}", gateway.log());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 0);
}

#[test]
fn a_path_with_dot_segments_is_read_up_to_4096_bytes_and_answered_400_beyond() {
    let path = |length: usize| {
        let end = "/../v1/webhooks/junction";
        format!("/{}{end}", "a".repeat(length - 1 - end.len()))
    };
    let (longest, longer) = (path(4096), path(4097));
    // Envoy resolves dot segments itself where it is told to, as envoy.yaml does.
    let start = |setup: Setup| setup.connection_manager("normalize_path", false).start();
    let gateway = start(Setup::new());
    let guarded = Request::unsigned(RESULT).path(&longest);
    assert_eq!(gateway.send(&guarded).json(), unverified(), "read, and guarded");
    assert_eq!(gateway.saw(&guarded), []);
    let elsewhere = format!("/{longer}/../../else");
    for (method, path) in [("POST", &longer), ("GET", &longer), ("GET", &elsewhere)] {
        let request = Request::new(method, path);
        let answer = gateway.send(&request);
        let message = "A path with a .. segment must not be longer than 4096 bytes";
        assert_eq!((answer.status, answer.json()), (400, refusal("validation_error", message)));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
    }
    let labels = [("outcome", "rejected"), ("reason", "path")];
    assert_eq!(gateway.counter("junction_webhook_requests_total", &labels), 3);
    let plain = Request::new("GET", &format!("/{}", "a..".repeat(3000)));
    assert_eq!(gateway.send(&plain).status, 404, "no dot segment: the stub's own answer");

    let gateway = start(Setup::new().config(&json!({"mode": "shadow"})));
    let request = Request::unsigned(RESULT).path(&longer);
    gateway.send(&request);
    let seen = gateway.forwarded(&request);
    assert_eq!(seen.header("x-junction-verdict"), ["reject;path"]);
    assert_eq!(seen.body.as_deref(), Some(RESULT), "untouched");
    let labels = [("outcome", "shadowed"), ("reason", "path")];
    assert_eq!(gateway.counter("junction_webhook_requests_total", &labels), 1);
}

#[test]
fn shadow_mode_is_loud() {
    let gateway = Setup::new().config(&json!({"mode": "shadow"})).start();
    if Host::counts_late() {
        gateway.send(&Request::new("GET", "/elsewhere"));
    }
    assert_eq!(gateway.counter("junction_webhook_shadow", &[]), 1);
    gateway.log_with("mode is shadow: nothing is refused");
    let gateway = Setup::new().start();
    assert_eq!(gateway.counter("junction_webhook_shadow", &[]), 0);
}

#[test]
fn no_configuration_and_an_empty_one_mean_the_defaults() {
    for config in ["", "{}"] {
        let gateway = Setup::new().config_text(config).start();
        assert_eq!(gateway.send(&Request::signed(RESULT)).status, 200, "{config:?}");
        assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1, "{config:?}");
    }
}

#[test]
fn a_struct_is_read_like_text() {
    let config = json!({"path": "/hooks", "max_body_bytes": 400, "svix": {"tolerance_seconds": 5}});
    let gateway = Setup::new().config_struct(&config).start();
    let good = Request::signed(RESULT).path("/hooks");
    gateway.send(&good);
    assert_eq!(gateway.forwarded(&good).header("idempotency-key"), [ID]);
    let old = Request::signed_with(SECRET, ID, now() - 60, RESULT).path("/hooks");
    assert_eq!(gateway.send(&old).status, 401);
    let long = Request::signed(format!("{RESULT:401}")).path("/hooks");
    assert_eq!(gateway.send(&long).status, 413);
}

#[test]
fn both_secrets_are_accepted_during_a_rotation() {
    let gateway = Setup::new()
        .env("JUNCTION_WEBHOOK_SECRET", OTHER_SECRET)
        .env("JUNCTION_WEBHOOK_SECRET_PREVIOUS", SECRET)
        .start();
    for (secret, status) in
        [(OTHER_SECRET, 200), (SECRET, 200), ("whsec_bmVpdGhlciBvZiB0aGUgdHdvIHNlY3JldHM=", 401)]
    {
        let request = Request::signed_with(secret, ID, now(), RESULT);
        assert_eq!(gateway.send(&request).status, status, "{secret}");
    }
}

#[test]
fn shadow_mode_lets_everything_through_and_says_what_it_thinks() {
    let gateway = Setup::new().config(&json!({"mode": "shadow"})).start();
    let good = Request::signed(RESULT);
    let verdict = |request: &Request| {
        gateway.send(request);
        let seen = gateway.forwarded(request);
        assert_eq!(seen.body.as_deref().map(str::as_bytes), Some(&*request.body), "untouched");
        for (name, value) in &request.headers {
            if name != "x-junction-verdict" {
                assert_eq!(seen.header(name), [value], "{name}: untouched");
            }
        }
        seen.header("x-junction-verdict").join(" and ")
    };
    assert_eq!(verdict(&good), "accept");
    let claims = Request::unsigned(RESULT).header("x-junction-verdict", "accept");
    assert_eq!(verdict(&claims), "reject;signature_missing");
    let forged = Request::signed(RESULT).set("svix-id", "msg_forged");
    assert_eq!(verdict(&forged), "reject;signature_mismatch");
    let broken = Request::signed("{}");
    assert_eq!(verdict(&broken), "reject;schema");
    let text = Request::signed(RESULT).set("content-type", "text/plain");
    assert_eq!(verdict(&text), "reject;content_type");
    let long = Request::signed(vec![b' '; 1024 * 1024 + 1]);
    assert_eq!(verdict(&long), "reject;body_size");
}

#[test]
fn plain_signatures_count_only_where_they_are_configured() {
    let signature = sign_plain("plain secret", RESULT);
    let signed = |name: &str| Request::unsigned(RESULT).header(name, &signature);

    let config =
        json!({"svix": {"secrets": []}, "hmac": {"secrets": [{"inline": "plain secret"}]}});
    let gateway = Setup::new().config(&config).start();
    for name in ["x-junction-signature", "x-webhook-signature", "x-signature"] {
        let request = signed(name);
        let answer = gateway.send(&request);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let seen = gateway.forwarded(&request);
        let [key] = seen.header("idempotency-key")[..] else { panic!("one key") };
        assert!(key.starts_with("sha256:"), "{key}");
        assert_eq!(seen.header("x-junction-verified-by"), ["hmac"]);
        assert_eq!(seen.header(name), [""; 0]);
    }
    let other = signed("x-signature").body(format!("{RESULT} "));
    assert_eq!(gateway.send(&other).json(), unverified());
    let weaker = signed("x-signature");

    let gateway = Setup::new().start();
    assert_eq!(gateway.send(&weaker).json(), unverified(), "off by default");
}

#[test]
fn unknown_events_are_refused_or_acknowledged() {
    let body = r#"{"event_type":"labtest.order.updated","data":{"id":1}}"#;
    let gateway = Setup::new().config(&json!({"unknown_events": "acknowledge"})).start();
    let request = Request::signed(body);
    let answer = gateway.send(&request);
    let expected =
        json!({"received": true, "event_type": "labtest.order.updated", "ignored": true});
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(gateway.saw(&request), [], "it is not forwarded");

    let forged = Request::signed(body).set("svix-id", "msg_forged");
    assert_eq!(gateway.send(&forged).status, 401, "only a verified one is acknowledged");
}

#[test]
fn nulls_are_refused_or_absent() {
    let body = r#"{"event_type":"labtest.result.ready","user_id":null,"data":{}}"#;
    for (nulls, status) in [("reject", 400), ("absent", 200)] {
        let gateway = Setup::new().config(&json!({"nulls": nulls})).start();
        assert_eq!(gateway.send(&Request::signed(body)).status, status, "{nulls}");
    }
}

#[test]
fn the_log_says_where_envoy_leaves_out_a_callback_that_verifies() {
    if Host::lacks("capabilities") {
        return;
    }
    for (callback, trailers) in
        [("proxy_on_request_body", &[][..]), ("proxy_on_request_trailers", &[("x-checksum", "1")])]
    {
        let gateway = Setup::new().without_capability(callback).start();
        let forged = Request::signed(RESULT).set("svix-id", "msg_forged");
        let answer = gateway.send_http2(&forged, trailers);
        // Nothing asked the filter, which is why docs/envoy.md warns.
        assert_eq!((answer.status, gateway.saw(&forged).len()), (400, 1), "{callback}");
        gateway.log_with("a webhook went on unverified");
    }
}
