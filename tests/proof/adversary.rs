//! What a stranger's requests cost Envoy: generated ones, held against plain ones of the same
//! length, by the time that Envoy runs on a processor for them.

use std::time::Duration;

use harness::{CONNECTION_MANAGER, GUARDED_PATH, Gateway, ID, Request, SECRET, Setup, now, sign};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::{
    faults::alone,
    load::{Load, Sender, bytes_of, forged, good, pour},
    raw_http2, scale,
};

/// How many requests one measurement takes.
const REQUESTS: u32 = 40;
/// Of how many measurements the smallest counts: others of the machine only ever add.
const ROUNDS: u32 = 3;
/// What a hostile request may cost of a plain one as long, at most.
const MOST: f64 = 3.0;

/// A kind of hostile request, some of its requests, and a plain one as long as each of them.
struct Kind {
    name: &'static str,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The filter refuses them as not verified.
    is_refused: bool,
}

/// Draws so many values, anew in each run.
fn draw<T: std::fmt::Debug>(count: u64, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// The time for one of so many requests, whatever they are.
fn cost(gateway: &Gateway, mut send: impl FnMut()) -> Duration {
    let measurements = (0..ROUNDS).map(|_| {
        let before = gateway.cpu_time();
        for _ in 0..REQUESTS {
            send();
        }
        gateway.cpu_time().checked_sub(before).unwrap() / REQUESTS
    });
    measurements.min().unwrap()
}

/// Both costs of the pair that is worst.
fn worst(gateway: &Gateway, kind: &Kind) -> (Duration, Duration) {
    let mut sender = Sender::new(gateway.address);
    let mut measure = |bytes: &[u8]| {
        cost(gateway, || {
            sender.send(bytes).unwrap();
        })
    };
    let costs = kind.pairs.iter().map(|(hostile, plain)| {
        assert_eq!(hostile.len(), plain.len(), "{}", kind.name);
        assert!(
            !kind.is_refused || Sender::new(gateway.address).send(hostile).unwrap() == 401,
            "{}: it gets as far as the filter",
            kind.name
        );
        (measure(hostile), measure(plain))
    });
    costs.max_by(|one, other| ratio(*one).total_cmp(&ratio(*other))).unwrap()
}

fn ratio((hostile, plain): (Duration, Duration)) -> f64 {
    hostile.as_secs_f64() / plain.as_secs_f64()
}

/// A request in whose place one with a path of plain segments is as long.
fn by_path(path: &str) -> (Vec<u8>, Vec<u8>) {
    let plain = "/abcdefg".repeat(path.len().div_ceil(8))[..path.len()].to_owned();
    let request = Request::new("GET", "");
    (bytes_of(&request.clone().path(path)), bytes_of(&request.path(&plain)))
}

/// Paths of what makes reading one hard, in any order and mixture.
fn paths(name: &'static str, most: usize) -> Kind {
    let part = prop::sample::select(vec![
        "/..",
        "/a/..",
        "/./",
        "//",
        "/%2e%2e",
        "/.%2e/",
        "\\..",
        "/a",
        "/%2f..",
        "/;a/..",
        "/%5c",
        "/a..b",
        "/v1/webhooks/junction/x/..",
        "/%252e%252e",
        "/...",
    ]);
    let few = prop::collection::vec(part, 1..4);
    let path = (few, prop::sample::select(vec!["", "/", "/host"]), most / 3..most).prop_map(
        |(parts, start, length)| {
            let round = parts.concat();
            let text = format!("{start}{}", round.repeat(length / round.len()));
            if text.starts_with('/') { text } else { format!("/{text}") }
        },
    );
    Kind {
        name,
        pairs: draw(6 * scale(), path).iter().map(|path| by_path(path)).collect(),
        is_refused: false,
    }
}

/// A webhook in whose place one with one long header is as long. Both are refused on their head.
fn by_head(headers: Vec<(String, String)>) -> (Vec<u8>, Vec<u8>) {
    let request = || Request::unsigned("");
    let hostile =
        headers.into_iter().fold(request(), |hostile, (name, value)| hostile.header(&name, &value));
    let mut plain = hostile.clone();
    plain.headers = request().headers;
    let missing = bytes_of(&hostile).len() - bytes_of(&plain).len();
    let plain = plain.header("x", &"a".repeat(missing - "x: \r\n".len()));
    (bytes_of(&hostile), bytes_of(&plain))
}

fn word(pattern: &str) -> impl Strategy<Value = String> + use<> {
    prop::string::string_regex(pattern).unwrap()
}

/// Heads whose names have one of these signs between their words.
fn heads(signs: &str) -> Vec<Kind> {
    let name = prop_oneof![
        word(&format!("x[{signs}][a-z]{{1,8}}")),
        word(&format!("x[{signs}]http[{signs}]method[{signs}][a-z]{{0,9}}")),
        prop::sample::select(vec!["svix-ids", "x-signatures", "x-junction-verdicts"])
            .prop_map(str::to_owned),
    ];
    let many = prop::collection::vec((name, "[ -~]{0,300}"), 60..85);
    let tag = prop_oneof!["v1,[A-Za-z0-9+/]{43}=", "v2,[a-z]{0,9}", "v1,", ","];
    let signatures = (tag, 5_000..20_000_usize).prop_map(|(tag, length)| {
        let tags = format!("{tag} ").repeat(length / (tag.len() + 1));
        let id = ("svix-id".to_owned(), ID.to_owned());
        let time = ("svix-timestamp".to_owned(), now().to_string());
        vec![id, time, ("svix-signature".to_owned(), tags.trim_end().to_owned())]
    });
    let of = |name, heads: Vec<_>| {
        let pairs = heads.into_iter().map(by_head).collect();
        Kind { name, pairs, is_refused: true }
    };
    vec![
        of("many headers", draw(3 * scale(), many)),
        of("lists of signatures", draw(3 * scale(), signatures)),
    ]
}

/// Documents that take a parser long, which only the holder of the secret can send.
fn documents() -> Kind {
    let signed = |body: String| {
        let (id, at) = ("msg_hostile", now());
        let request = Request::unsigned(&body)
            .header("svix-id", id)
            .header("svix-timestamp", &at.to_string())
            .header("svix-signature", &sign(SECRET, id, at, body.as_bytes()));
        bytes_of(&request)
    };
    let round = prop::sample::select(vec![
        "[[[[]]]],",
        "{\"a\":{\"a\":1}},",
        "1e99999999,",
        "-0.000,",
        "\"\\u0041\\ud83d\\ude00\",",
        "\"\u{20ac}\",",
        "null,",
        "[],",
        "1234567890123456789012345678901234567890,",
        "\" \",",
    ]);
    let hostile = (round, 5_000..60_000_usize).prop_map(|(round, length)| {
        let items = round.repeat(length / round.len());
        let items = items.trim_end_matches(',');
        format!(r#"{{"event_type":"labtest.result.ready","data":{{"x":[{items}],"markers":[]}}}}"#)
    });
    let pairs = draw(6 * scale(), hostile).into_iter().map(|body| {
        let markers = r#"{"name":"Sodium","value":136.5,"unit":"mmol/L"}"#;
        let frame = |markers: &str, text: &str| {
            format!(
                r#"{{"event_type":"labtest.result.ready","data":{{"status":"{text}","markers":[{markers}]}}}}"#
            )
        };
        let count = (body.len() - frame("", "").len()) / (markers.len() + 1);
        let markers = vec![markers; count].join(",");
        let text = "x".repeat(body.len() - frame(&markers, "").len());
        let plain = frame(&markers, &text);
        assert_eq!(plain.len(), body.len());
        (signed(body), signed(plain))
    });
    Kind { name: "signed documents", pairs: pairs.collect(), is_refused: false }
}

fn bare() -> Setup {
    // A listener that leaves paths and names as they come.
    let action = "common_http_protocol_options.headers_with_underscores_action";
    Setup::new()
        .without_rate_limit()
        .patch(&format!("{CONNECTION_MANAGER}.{action}"), "ALLOW")
        .patch(&format!("{CONNECTION_MANAGER}.normalize_path"), false)
        .patch(&format!("{CONNECTION_MANAGER}.merge_slashes"), false)
        .patch(&format!("{CONNECTION_MANAGER}.path_with_escaped_slashes_action"), "KEEP_UNCHANGED")
}

#[test]
fn no_generated_request_costs_much_more_than_a_plain_one_of_its_length() {
    let _alone = alone();
    let mut rows = Vec::new();
    for (listener, gateway) in [
        ("envoy.yaml", Setup::new().without_rate_limit().start()),
        ("a bare listener", bare().start()),
    ] {
        // Warm.
        let mut sender = Sender::new(gateway.address);
        for index in 0..50 {
            assert_eq!(sender.send(&good(&format!("msg_{index}"))).unwrap(), 200);
        }
        let mut kinds = vec![paths("paths", 3_500), paths("long paths", 30_000)];
        if listener == "envoy.yaml" {
            // It refuses names with a `_` by itself.
            kinds.extend(heads("-"));
            kinds.push(documents());
        } else {
            kinds.extend(heads("_-"));
        }
        for kind in &kinds {
            let costs = worst(&gateway, kind);
            let (hostile, plain) = costs;
            let name = kind.name;
            let row = format!("{name}, {listener}: {hostile:.1?}, plain {plain:.1?}");
            assert!(ratio(costs) <= MOST, "{row}");
            rows.push(row);
        }
        assert_eq!(gateway.wasm_reloads(), 0);
    }
    test_support::figures::record(
        "42-hostile-costs",
        "Processor time of Envoy for one generated hostile request, the worst of each kind, beside a \
         plain one of the same length",
        &rows.join("; "),
    );
}

/// A frame of one byte costs its sender ten bytes, and is looked at by Envoy and by the filter.
#[test]
fn frames_of_one_byte_cost_little_more_on_the_guarded_path_than_on_any_other() {
    let _alone = alone();
    let gateway = Setup::new().without_rate_limit().start();
    let at = now().to_string();
    let signature = sign(SECRET, "msg_other", now(), b"");
    let body = vec![b' '; 4_000];
    let frames = |path: &str| {
        let headers: [(&[u8], &[u8]); 8] = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":authority", b"a"),
            (b":path", path.as_bytes()),
            (b"content-type", b"application/json"),
            (b"svix-id", ID.as_bytes()),
            (b"svix-timestamp", at.as_bytes()),
            (b"svix-signature", signature.as_bytes()),
        ];
        raw_http2::send_in_frames(gateway.address, &headers, &body, 1);
    };
    let guarded = cost(&gateway, || frames(GUARDED_PATH));
    let other = cost(&gateway, || frames("/other"));
    let row = format!("guarded {guarded:.1?}, on another path {other:.1?}");
    assert!(ratio((guarded, other)) <= MOST, "{row}");
    test_support::figures::record(
        "43-hostile-frames",
        "Processor time of Envoy for a forgery in 4000 frames of one byte",
        &row,
    );
}

/// Through `envoy.yaml` as it is: the flood gets its answers, its 429 and its 503, and the webhooks
/// get theirs.
#[test]
fn webhooks_are_answered_within_two_seconds_while_a_hundred_connections_flood_another_path() {
    let _alone = alone();
    let gateway = Setup::new().workers(2).start();
    let path = format!("/other{}", "/a-long-and-harmless-name".repeat(700));
    let request = bytes_of(&Request::new("GET", &path));
    let load = Load::default();
    let (flood, mut webhooks) = std::thread::scope(|scope| {
        let flood =
            scope.spawn(|| pour(gateway.address, 100, |_| load.is_on().then(|| request.clone())));
        let guard = load.guard();
        let webhooks = pour(gateway.address, 1, |taken| {
            (taken < 40 * scale()).then(|| good(&format!("msg_{taken}")))
        });
        drop(guard);
        (flood.join().unwrap(), webhooks)
    });
    assert_eq!(webhooks.count("200"), 40 * scale(), "{webhooks}");
    assert!(webhooks.slowest() < Duration::from_secs(2), "{:?}", webhooks.slowest());
    assert!(flood.total() > 100, "{flood}");
    test_support::figures::record(
        "45-flood-elsewhere",
        "Good webhooks while 100 connections flood another path of 18 kB",
        &format!("{webhooks}, the slowest {:.1?}; the flood: {flood}", webhooks.slowest()),
    );
}

/// What an unsigned request costs, in the currency of one that is verified and forwarded.
#[test]
fn a_forgery_costs_less_than_a_good_webhook() {
    let _alone = alone();
    let gateway = Setup::new().without_rate_limit().start();
    let mut sender = Sender::new(gateway.address);
    let mut measure = |bytes: &[u8], status: u16| {
        cost(&gateway, || assert_eq!(sender.send(bytes).unwrap(), status))
    };
    let good = measure(&good("msg_good"), 200);
    let forged = measure(&forged("msg_forged"), 401);
    let config = json!({"good": format!("{good:.1?}"), "forged": format!("{forged:.1?}")});
    assert!(forged < good, "{config}");
    test_support::figures::record(
        "44-forgery-cost",
        "Processor time of Envoy for one forgery, and for one good webhook",
        &format!("{forged:.1?}, {good:.1?}"),
    );
}
