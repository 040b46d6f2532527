//! Repeats of events that the upstream has taken, over all workers of one Envoy.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;

use harness::{
    Answer, CONNECTION_MANAGER, GUARDED_PATH, Gateway, Host, Request, SECRET, Setup, UPSTREAM,
    Upstream, at, eventually, now, root, sign_plain,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{RESULT, refusal, unverified};

/// Remembers for longer than any test runs.
fn config() -> Value {
    json!({"duplicates": {"remember": 4096, "seconds": 3600}})
}

/// A delivery of an event, signed anew.
fn delivery(id: &str) -> Request {
    always(Request::signed_with(SECRET, id, now(), RESULT))
}

/// The request to one and the same target, since another one is another delivery.
fn always(request: Request) -> Request {
    Request { query: "always=this".to_owned(), ..request }
}

/// How often the upstream got an event.
fn arrived(upstream: &Upstream, id: &str) -> usize {
    upstream.requests().iter().filter(|seen| seen.header("idempotency-key") == [id]).count()
}

#[track_caller]
fn assert_forwarded(name: &str, answer: &Answer) {
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    assert!(answer.json().get("ingested_count").is_some(), "{name}: {}", answer.text());
}

#[track_caller]
fn assert_ignored(name: &str, answer: &Answer) {
    let body = r#"{"received":true,"event_type":"labtest.result.ready","ignored":true}"#;
    assert_eq!((answer.status, answer.text().as_str()), (200, body), "{name}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{name}");
}

fn requests(gateway: &Gateway, outcome: &str, reason: &str) -> u64 {
    let labels = [("outcome", outcome), ("reason", reason)];
    gateway.counter("junction_webhook_requests_total", &labels)
}

#[test]
fn where_envoy_does_not_tell_where_a_request_goes_nothing_can_be_remembered_and_it_says_so() {
    if !Host::cannot_remember() {
        return;
    }
    let gateway = Setup::new().config(&config()).start();
    let request = delivery("msg_a");
    let expected = refusal("configuration_error", "Webhook verification is not configured");
    let answer = gateway.send(&request);
    assert_eq!((answer.status, answer.json()), (500, expected));
    assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
    let line = "configuration is unusable: duplicates: needs Envoy 1.40 or later; its path";
    gateway.log_with(line);
}

#[test]
fn a_repeat_is_answered_on_whichever_worker_it_arrives() {
    if Host::cannot_remember() {
        return;
    }
    let gateway = Setup::new().workers(2).config(&config()).start();
    for event in 0..20 {
        let id = format!("msg_{event}");
        assert_forwarded(&id, &gateway.send(&delivery(&id)));
        for _ in 0..4 {
            // A connection each, and so the worker that the kernel chooses.
            assert_ignored(&id, &gateway.send(&delivery(&id)));
        }
        assert_ignored(&id, &gateway.send_http2(&delivery(&id), &[]));
        assert_eq!(arrived(&gateway.upstream, &id), 1, "{id}");
    }
    let stats = gateway.admin.get("/stats?filter=worker_.*downstream_cx_total").text();
    let served: Vec<u64> =
        stats.lines().map(|line| line.rsplit_once(": ").unwrap().1.parse().unwrap()).collect();
    assert!(served.iter().filter(|served| **served > 0).count() >= 2, "{stats}");

    assert_eq!(requests(&gateway, "forwarded", "none"), 20);
    assert_eq!(requests(&gateway, "acknowledged", "duplicate"), 100);
    assert_eq!(requests(&gateway, "acknowledged", "none"), 0);
    assert_eq!(
        gateway.counter("junction_webhook_markers_total", &[]),
        40,
        "of events, not repeats"
    );
    assert_eq!(gateway.wasm_reloads(), 0);
}

#[test]
fn the_access_log_tells_a_repeat() {
    if Host::cannot_remember() {
        return;
    }
    let gateway = Setup::new().config(&config()).start();
    gateway.send_logged(&delivery("msg_a"));
    let (_, line) = gateway.send_logged(&delivery("msg_a"));
    let fields = ["verdict", "reason", "event_id", "event_type"].map(|field| line[field].clone());
    assert_eq!(fields, ["acknowledged", "duplicate", "msg_a", "labtest.result.ready"]);
}

#[test]
fn an_event_is_forwarded_until_the_upstream_takes_it() {
    if Host::cannot_remember() {
        return;
    }
    let upstream = Upstream::start(&["--fail-rate", "1"]);
    let mut gateway = Setup::new().config(&config()).start_with(upstream);
    for attempt in 0..2 {
        assert_eq!(gateway.send(&delivery("msg_a")).status, 503, "the upstream's, {attempt}");
    }
    assert_eq!(arrived(&gateway.upstream, "msg_a"), 2);
    gateway.upstream.kill();
    for attempt in 0..2 {
        assert_eq!(gateway.send(&delivery("msg_a")).status, 503, "Envoy's own, {attempt}");
    }
    gateway.upstream.restart_with(&[]);
    // Envoy may find its connections to the killed upstream broken first.
    eventually("the upstream takes it", || {
        let answer = gateway.send(&delivery("msg_a"));
        (answer.status == 200).then(|| assert_forwarded("taken", &answer))
    });
    assert_ignored("after that", &gateway.send(&delivery("msg_a")));
    assert_eq!(arrived(&gateway.upstream, "msg_a"), 1);
}

#[test]
fn an_upstream_that_is_too_slow_has_not_taken_the_event() {
    if Host::cannot_remember() {
        return;
    }
    let route = format!("{CONNECTION_MANAGER}.route_config.virtual_hosts.0.routes.0.route.timeout");
    let upstream = Upstream::start(&["--delay-ms", "2000"]);
    let gateway = Setup::new().config(&config()).patch(&route, "0.2s").start_with(upstream);
    for attempt in 0..2 {
        assert_eq!(gateway.send(&delivery("msg_a")).status, 504, "{attempt}");
    }
    assert_eq!(arrived(&gateway.upstream, "msg_a"), 2);
}

#[test]
fn an_answer_of_envoys_own_takes_no_event_whatever_its_status() {
    if Host::cannot_remember() {
        return;
    }
    let routes = format!("{CONNECTION_MANAGER}.route_config.virtual_hosts.0.routes");
    let direct = json!({"match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": "nobody took it"}}});
    let direct = serde_yaml_ng::to_value([direct]).unwrap();
    let gateway = Setup::new().config(&config()).patch(&routes, direct).start();
    for attempt in 0..2 {
        assert_eq!(gateway.send(&delivery("msg_a")).text(), "nobody took it", "{attempt}");
    }
    assert_eq!(requests(&gateway, "forwarded", "none"), 2);
}

#[test]
fn an_answer_that_breaks_off_takes_no_event() {
    if Host::cannot_remember() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let gateway = Setup::new()
        .config(&config())
        .patch(UPSTREAM, port)
        .start_in_front_of(Upstream::start(&[]));
    for attempt in 0..2 {
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut wire = gateway.connect();
                wire.send(&delivery("msg_a"));
                wire.try_answer()
            });
            let (mut upstream, _) = eventually("the event is forwarded", || listener.accept().ok());
            upstream.set_nonblocking(false).unwrap();
            assert_ne!(upstream.read(&mut [0; 4096]).unwrap(), 0, "{attempt}");
            upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
            upstream.shutdown(Shutdown::Write).unwrap();
            // The rest of the request: closing before it is read would reset the connection.
            let _ = upstream.read_to_end(&mut Vec::new());
            assert!(sender.join().unwrap().is_err(), "{attempt}");
        });
    }
    assert_eq!(requests(&gateway, "forwarded", "none"), 2);
}

#[test]
fn a_resend_is_forwarded_once_the_seconds_have_passed() {
    if Host::cannot_remember() {
        return;
    }
    let config = json!({"duplicates": {"remember": 1, "seconds": 1}});
    let gateway = Setup::new().config(&config).start();
    assert_forwarded("first", &gateway.send(&delivery("msg_a")));
    eventually("the event is forgotten", || {
        let answer = gateway.send(&delivery("msg_a"));
        answer.json().get("ingested_count").is_some().then_some(())
    });
    assert_eq!(arrived(&gateway.upstream, "msg_a"), 2);
}

#[test]
fn a_forged_repeat_is_refused() {
    if Host::cannot_remember() {
        return;
    }
    let gateway = Setup::new().config(&config()).start();
    assert_forwarded("first", &gateway.send(&delivery("msg_a")));
    for (name, request) in [
        ("another body", delivery("msg_a").body(RESULT.replace("136.50", "136.51"))),
        ("another time", delivery("msg_a").set("svix-timestamp", &(now() - 1).to_string())),
        ("too old", Request::signed_with(SECRET, "msg_a", now() - 400, RESULT)),
        ("no signature", Request::unsigned(RESULT).header("svix-id", "msg_a")),
    ] {
        let answer = gateway.send(&request);
        assert_eq!((answer.status, answer.json()), (401, unverified()), "{name}");
    }
    assert_eq!(arrived(&gateway.upstream, "msg_a"), 1);
}

#[test]
fn under_plain_hmac_a_header_that_nobody_signed_hides_no_event() {
    if Host::cannot_remember() {
        return;
    }
    let config = json!({"hmac": {"secrets": [{"inline": "plain"}]},
                        "duplicates": {"remember": 100, "seconds": 3600}});
    let gateway = Setup::new().config(&config).start();
    let send = |body: &str| {
        let request = Request::unsigned(body)
            .header("x-signature", &sign_plain("plain", body))
            .header("idempotency-key", "msg_a");
        gateway.send(&always(request))
    };
    let other = RESULT.replace("136.50", "136.51");
    assert_forwarded("first", &send(RESULT));
    assert_forwarded("another body", &send(&other));
    assert_ignored("the same body", &send(RESULT));
}

#[test]
fn one_place_is_the_last_events() {
    if Host::cannot_remember() {
        return;
    }
    let config = json!({"duplicates": {"remember": 1, "seconds": 3600}});
    let gateway = Setup::new().config(&config).start();
    for (id, is_known) in [("a", false), ("a", true), ("b", false), ("b", true), ("a", false)] {
        let answer = gateway.send(&delivery(id));
        if is_known { assert_ignored(id, &answer) } else { assert_forwarded(id, &answer) }
    }
}

#[test]
fn two_hundred_deliveries_at_once_lose_nothing() {
    if Host::cannot_remember() {
        return;
    }
    let gateway = Setup::new().workers(2).config(&config()).start();
    thread::scope(|scope| {
        let senders: Vec<_> =
            (0..200).map(|_| scope.spawn(|| gateway.send(&delivery("msg_a")))).collect();
        for sender in senders {
            let answer = sender.join().unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    });
    let forwarded = arrived(&gateway.upstream, "msg_a");
    assert!(forwarded >= 1, "somebody must have taken it");
    assert_eq!(gateway.upstream.events().as_array().unwrap().len(), 1);
    let count = |outcome: &str, reason: &str| requests(&gateway, outcome, reason);
    assert_eq!(count("forwarded", "none"), u64::try_from(forwarded).unwrap());
    assert_eq!(count("forwarded", "none") + count("acknowledged", "duplicate"), 200);
    assert_ignored("afterwards", &gateway.send(&delivery("msg_a")));
}

#[test]
fn repeats_are_forwarded_where_they_are_not_remembered() {
    for (name, config, outcome) in
        [("off", json!({}), "forwarded"), ("shadow", json!({"mode": "shadow"}), "shadowed")]
    {
        let mut config = config;
        if name == "shadow" {
            config["duplicates"] = json!({"remember": 100, "seconds": 3600});
        }
        let gateway = Setup::new().config(&config).start();
        for _ in 0..2 {
            gateway.send(&delivery("msg_a"));
        }
        assert_eq!(requests(&gateway, outcome, "none"), 2, "{name}");
        let labels = [("outcome", "acknowledged"), ("reason", "duplicate")];
        let series = gateway.admin.series("junction_webhook_requests_total", &labels);
        assert_eq!(series, None, "{name}");
    }
}

#[test]
fn a_new_configuration_forgets_nothing() {
    if Host::cannot_remember() {
        return;
    }
    let directory = TempDir::new().unwrap();
    let (setup, listener) = Setup::new().workers(2).listener_from_file(directory.path());
    listener.write(&config(), 1);
    let gateway = setup.start();
    assert_forwarded("first", &gateway.send(&delivery("msg_a")));

    let mut changed = config();
    changed["unknown_events"] = "acknowledge".into();
    listener.write(&changed, 2);
    eventually("the new configuration is there", || {
        let unknown = Request::signed(r#"{"event_type":"labtest.order.updated"}"#);
        (gateway.send(&unknown).status == 200).then_some(())
    });
    assert_ignored("afterwards", &gateway.send(&delivery("msg_a")));
}

#[test]
fn a_call_that_envoy_does_not_allow_makes_the_configuration_unusable() {
    if Host::lacks("capabilities") {
        return;
    }
    let shared_data = ["proxy_get_shared_data", "proxy_set_shared_data"];
    for capability in shared_data.into_iter().chain(["proxy_get_property"]) {
        let setup = Setup::new().config(&config()).without_capability(capability);
        let gateway = setup.start();
        let answer = gateway.send(&delivery("msg_a"));
        let expected = refusal("configuration_error", "Webhook verification is not configured");
        assert_eq!((answer.status, answer.json()), (500, expected), "{capability}");
        assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 0, "{capability}");
        let line =
            "configuration is unusable: duplicates: capability_restriction_config must allow";
        gateway.log_with(line);
        assert_eq!(gateway.wasm_reloads(), 0, "{capability}");
    }
    // Where nothing is remembered, those of the memory are not missed.
    let setup = shared_data.into_iter().fold(Setup::new(), Setup::without_capability);
    let gateway = setup.start();
    assert_forwarded("off", &gateway.send(&delivery("msg_a")));
    let log = gateway.log_to_here();
    assert!(!log.contains("restricted proxy-wasm capability"), "{log}");
}

#[test]
fn the_documented_hash_keeps_the_deliveries_of_an_event_together() {
    let page = std::fs::read_to_string(root().join("docs/duplicates.md")).unwrap();
    let block = |name: &str| -> serde_yaml_ng::Mapping {
        let text = page.split_once(&format!("```yaml {name}\n")).unwrap().1;
        serde_yaml_ng::from_str(text.split_once("```").unwrap().0).unwrap()
    };
    let stubs = [Upstream::start(&[]), Upstream::start(&[])];
    let mut setup = Setup::new();
    let yaml = setup.yaml();
    let route = format!("{CONNECTION_MANAGER}.route_config.virtual_hosts.0.routes.0.route");
    at(yaml, &route).as_mapping_mut().unwrap().extend(block("route"));
    let cluster = at(yaml, "static_resources.clusters.0");
    cluster.as_mapping_mut().unwrap().extend(block("cluster"));
    let endpoints = stubs.each_ref().map(|stub| {
        json!({"endpoint": {"address": {"socket_address":
            {"address": "127.0.0.1", "port_value": stub.address.port()}}}})
    });
    let endpoints = serde_yaml_ng::to_value(endpoints).unwrap();
    *at(yaml, "static_resources.clusters.0.load_assignment.endpoints.0.lb_endpoints") = endpoints;
    let [first, second] = stubs;
    let gateway = setup.start_in_front_of(first);

    for event in 0..40 {
        for _ in 0..3 {
            assert_forwarded("any", &gateway.send(&delivery(&format!("msg_{event}"))));
        }
    }
    let shares = (0..40).map(|event| {
        let id = format!("msg_{event}");
        (arrived(&gateway.upstream, &id), arrived(&second, &id))
    });
    let shares: Vec<_> = shares.collect();
    assert!(shares.iter().all(|share| [(3, 0), (0, 3)].contains(share)), "{shares:?}");
    assert!(shares.contains(&(3, 0)) && shares.contains(&(0, 3)), "both serve: {shares:?}");
}

/// Nobody signed what steers a request. Whoever captures a webhook may send it elsewhere first.
#[test]
fn a_captured_webhook_that_is_steered_elsewhere_hides_no_event() {
    if Host::cannot_remember() {
        return;
    }
    let (mut setup, staging) = (Setup::new().config(&config()), Upstream::start(&[]));
    let mut cluster = at(setup.yaml(), "static_resources.clusters.0").clone();
    cluster["name"] = "staging".into();
    let address = "load_assignment.endpoints.0.lb_endpoints.0.endpoint.address.socket_address";
    *at(&mut cluster, &format!("{address}.port_value")) = staging.address.port().into();
    at(setup.yaml(), "static_resources.clusters").as_sequence_mut().unwrap().push(cluster);
    let routes = format!("{CONNECTION_MANAGER}.route_config.virtual_hosts.0.routes");
    let routes = at(setup.yaml(), &routes).as_sequence_mut().unwrap();
    // To another cluster, and to the same one by another route.
    for (header, name, cluster) in
        [("x-canary", "", "staging"), ("x-tenant", "tenants", "upstream")]
    {
        let mut route = routes.last().unwrap().clone();
        route["match"]["headers"] =
            serde_yaml_ng::from_str(&format!("[{{name: {header}, present_match: true}}]")).unwrap();
        route["name"] = name.into();
        route["route"]["cluster"] = cluster.into();
        routes.insert(0, route);
    }
    let gateway = setup.start();

    let steered = |id: &str| -> Vec<(&'static str, Request)> {
        let query = |query: &str| Request { query: query.to_owned(), ..delivery(id) };
        vec![
            ("the query", query("always=this&env=staging")),
            ("only validated", query("validate_only=1")),
            ("to staging", delivery(id).header("x-canary", "1")),
            ("by another route", delivery(id).header("x-tenant", "1")),
        ]
    };
    for (index, (name, _)) in steered("").iter().enumerate() {
        let id = format!("msg_{index}");
        let captured = || steered(&id).remove(index).1;
        assert_forwarded(name, &gateway.send(&captured()));
        assert_forwarded(name, &gateway.send(&delivery(&id)));
        assert_eq!(arrived(&gateway.upstream, &id) + arrived(&staging, &id), 2, "{name}");
        assert_ignored(name, &gateway.send(&captured()));
        assert_ignored(name, &gateway.send(&delivery(&id)));
    }
    assert_eq!(arrived(&staging, "msg_2"), 1, "the canary went elsewhere");
}

#[test]
fn a_header_that_overrides_the_method_ends_here_with_and_without_a_memory() {
    if Host::cannot_remember() {
        return;
    }
    let action = "common_http_protocol_options.headers_with_underscores_action";
    for config in [config(), json!({})] {
        let gateway = Setup::new()
            .config(&config)
            .patch(&format!("{CONNECTION_MANAGER}.{action}"), "ALLOW")
            .start();
        let overrides = [
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x_http_method_override",
            "X-HTTP_Method-Override",
        ];
        let request = overrides
            .into_iter()
            .fold(Request::signed(RESULT), |request, name| request.header(name, "DELETE"))
            .header("x-method", "kept");
        assert_forwarded("overridden", &gateway.send(&request));
        let seen = gateway.forwarded(&request);
        for name in overrides {
            assert_eq!(seen.header(&name.to_lowercase()), [""; 0], "{name}");
        }
        assert_eq!(seen.header("x-method"), ["kept"]);
        // Elsewhere they are none of the filter's business.
        let other = Request::new("POST", "/other").header(overrides[0], "DELETE");
        gateway.send(&other);
        assert_eq!(gateway.forwarded(&other).header(overrides[0]), ["DELETE"]);
    }
}

#[test]
fn an_event_to_another_host_is_another_delivery() {
    if Host::cannot_remember() {
        return;
    }
    let gateway = Setup::new().config(&config()).start();
    assert_forwarded("first", &gateway.send(&delivery("msg_a")));
    let request = delivery("msg_a");
    let mut wire = gateway.connect();
    let mut head = format!("POST {GUARDED_PATH} HTTP/1.1\r\nhost: other.test\r\n");
    for (name, value) in &request.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    wire.write(format!("{head}content-length: {}\r\nconnection: close\r\n\r\n", RESULT.len()));
    wire.write(RESULT);
    assert_forwarded("elsewhere", &wire.answer());
}
