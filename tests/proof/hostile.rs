//! Arbitrary bytes through a real Envoy: whatever comes in, the module neither crashes nor is
//! restarted, and nothing unverified goes on.

use std::net::SocketAddr;

use harness::{
    CONNECTION_MANAGER, GUARDED_PATH, Gateway, Host, ID, Request, SECRET, Setup, Wire, at, now,
    sign,
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_yaml_ng::Value;

use crate::{raw_http2, scale};

/// Draws so many values, anew in each run.
fn draw<T: std::fmt::Debug>(count: u64, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Everything that tells of a module which was started, or started again.
fn virtual_machines(gateway: &Gateway) -> Vec<String> {
    let stats = gateway.admin.get("/stats?filter=^wasm\\.").text();
    let of_machines = |line: &&str| line.contains("vm_reload") || line.contains("runtime");
    stats.lines().filter(of_machines).map(str::to_owned).collect()
}

fn header_names() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "svix-id",
        "svix-timestamp",
        "svix-signature",
        "webhook-id",
        "webhook-signature",
        "x-signature",
        "content-type",
        "content-encoding",
        "x-junction-verdict",
        "idempotency-key",
        "host",
        "expect",
        "te",
        "transfer-encoding",
        "cookie",
    ]);
    prop_oneof![
        8 => known.prop_map(|name| name.as_bytes().to_vec()),
        1 => "[a-zA-Z0-9-]{1,10}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ]
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..most),
        2 => prop::collection::vec(0x80..=0xff_u8, 0..most),
        1 => "[ -~]{0,40}".prop_map(String::into_bytes),
    ]
}

type Headers = Vec<(Vec<u8>, Vec<u8>)>;

fn headers() -> impl Strategy<Value = Headers> {
    prop::collection::vec((header_names(), bytes(40)), 0..8)
}

#[test]
fn arbitrary_bytes_neither_crash_the_module_nor_pass_it() {
    let gateway = Setup::new().start();
    let machines = virtual_machines(&gateway);
    let count = 250 * scale();

    let heads = draw(count, (headers(), bytes(300)));
    // Side by side, since Envoy takes its time to hang up on what it cannot read.
    std::thread::scope(|scope| {
        for part in heads.chunks(heads.len().div_ceil(32)) {
            let gateway = &gateway;
            scope.spawn(move || {
                for (headers, body) in part {
                    http1(gateway, headers, body);
                    http2(gateway.address, headers, body);
                }
            });
        }
    });
    assert_eq!(gateway.saw_of_all(), [], "the upstream saw nothing unverified");

    // Signed, so that they get as far as the document.
    let documents = prop_oneof![
        bytes(300),
        (bytes(60), any::<prop::sample::Index>()).prop_map(|(splice, at)| {
            let text = br#"{"event_type":"labtest.result.ready","data":{"markers":[{"name":"a","unit":"%","value":"<1"}]}}"#;
            let at = at.index(text.len());
            [&text[..at], &splice, &text[at..]].concat()
        }),
    ];
    for body in draw(count, documents) {
        let answer = gateway.send(&Request::signed(body));
        assert!([200, 400].contains(&answer.status), "{}: {}", answer.status, answer.text());
    }

    let good = gateway.send(&Request::signed(crate::RESULT));
    assert_eq!(good.status, 200, "{}", gateway.log());
    assert_eq!(virtual_machines(&gateway), machines, "no module was started again");
    test_support::figures::record(
        "40-hostile-requests",
        "Requests of arbitrary bytes through Envoy: heads over HTTP/1.1 and HTTP/2, signed bodies",
        &format!("{} sent, 0 past the filter unverified, 0 restarts of the module", count * 3),
    );
}

/// Sends a head of these very bytes, well-formed only where the bytes are.
fn http1(gateway: &Gateway, headers: &Headers, body: &[u8]) {
    let mut wire = gateway.connect();
    let length = body.len();
    let mut head = format!(
        "POST {GUARDED_PATH} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n"
    )
    .into_bytes();
    for (name, value) in headers {
        // A line of its own, whatever is in it.
        let without_ends = |text: &[u8]| -> Vec<u8> {
            text.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect()
        };
        head.extend(
            [&without_ends(name), b": ".as_slice(), &without_ends(value), b"\r\n"].concat(),
        );
    }
    head.extend(b"\r\n");
    wire.write(head);
    wire.write(body);
    // Envoy hangs up on what it cannot read.
    let _ = wire.try_answer();
}

fn http2(address: SocketAddr, headers: &Headers, body: &[u8]) {
    let fixed: [(&[u8], &[u8]); 4] = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":authority", b"a"),
        (b":path", GUARDED_PATH.as_bytes()),
    ];
    let own = headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    let all: Vec<_> = fixed.into_iter().chain(own).collect();
    raw_http2::send(address, &all, body);
}

#[test]
fn arbitrary_configurations_neither_crash_the_module_nor_open_the_endpoint() {
    let text = r#"{"path":"/v1/webhooks/junction","svix":{"secrets":[{"env":"JUNCTION_WEBHOOK_SECRET"}],"tolerance_seconds":300},"max_body_bytes":1000,"mode":"enforce"}"#;
    let edited = (any::<prop::sample::Index>(), "[ -~]{0,3}").prop_map(move |(at, with)| {
        let at = at.index(text.len() - 1);
        format!("{}{with}{}", &text[..at], &text[at + 1..])
    });
    let configurations = prop_oneof![
        3 => edited,
        1 => "\\PC{0,60}",
        1 => "[{}\\[\\]\":,0-9a-z]{0,60}",
    ];
    let configurations = draw(30 * scale().min(10), configurations);

    let mut setup = Setup::new();
    let listeners = at(setup.yaml(), "static_resources.listeners").as_sequence_mut().unwrap();
    for (index, text) in configurations.iter().enumerate() {
        let mut listener = listeners[0].clone();
        listener["name"] = format!("configuration-{index}").into();
        *at(&mut listener, "address.socket_address.port_value") = 0.into();
        let manager = CONNECTION_MANAGER.strip_prefix("static_resources.listeners.0.").unwrap();
        let configuration = Host::under_test().configuration();
        *at(&mut listener, &format!("{manager}.{configuration}.value")) = text.as_str().into();
        listeners.push(listener);
    }
    let gateway = setup.start();
    let machines = virtual_machines(&gateway);
    let mut statuses = std::collections::BTreeMap::<u16, u32>::new();
    for (index, text) in configurations.iter().enumerate() {
        let name = format!("configuration-{index}");
        let mut wire = Wire::connect(gateway.admin.listener_named(&name));
        let at = now();
        let request = Request::unsigned("{}")
            .header("svix-id", ID)
            .header("svix-timestamp", &at.to_string())
            .header("svix-signature", &sign(SECRET, "msg_other", at, b"{}"));
        wire.send(&request);
        let answer = wire.answer();
        let json: Value = serde_json::from_slice(&answer.body).unwrap();
        let closed = matches!(answer.status, 401 | 413 | 500) && json.get("error").is_some();
        // A configuration for another path leaves this one alone; so does shadow mode.
        let names_other = !text.contains(GUARDED_PATH) || text.contains("shadow");
        assert!(closed || names_other, "{text}: {} {}", answer.status, answer.text());
        *statuses.entry(answer.status).or_default() += 1;
    }
    assert_eq!(virtual_machines(&gateway), machines, "no module was started again");
    test_support::figures::record(
        "41-hostile-configurations",
        "Arbitrary and damaged configurations, each in a listener of one Envoy",
        &format!("{} tried, answers by status {statuses:?}, 0 restarts", configurations.len()),
    );
}
