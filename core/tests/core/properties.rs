//! What holds for every request: how its body is cut does not matter, a flipped bit is refused, and
//! no bytes whatever lead to a panic or past the verification.
//!
//! `PROPTEST_CASES` sets how many requests each property is tried on.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use junction_webhook::config::Config;
use junction_webhook::exchange::{Action, Plugin};
use junction_webhook::reject::Reason;
use junction_webhook::report::Verdict;
use proptest::prelude::*;
use proptest::test_runner;

use test_support::OwnedHeader;
use test_support::drive::{Arrival, End, drive};

const NOW: u64 = 1_614_265_330;
const KEY: &[u8] = b"a key that no input knows";
const PATH: &[u8] = b"/v1/webhooks/junction";
const RESULT: &[u8] = br#"{"event_type":"labtest.result.ready","data":{"order_id":"o-1",
    "markers":[{"name":"Sodium","unit":"mmol/L","value":136.50},{"name":"Note","value":"clear"}]}}"#;

static PLUGINS: LazyLock<Vec<Arc<Plugin>>> = LazyLock::new(|| {
    [
        "{}",
        r#"{"hmac": {"secrets": [{"env": "PLAIN"}]}, "unknown_events": "acknowledge",
            "nulls": "absent", "max_body_bytes": 120}"#,
        r#"{"mode": "shadow", "max_body_bytes": 120}"#,
        r#"{"svix": {"secrets": []}, "hmac": {"secrets": [{"env": "PLAIN"}]}}"#,
        r#"{"mode": 1}"#,
        r#"{"typo": 1}"#,
    ]
    .iter()
    .map(|text| Arc::new(Config::parse(text.as_bytes(), environment)))
    .collect()
});

fn environment(name: &str) -> Option<String> {
    match name {
        "JUNCTION_WEBHOOK_SECRET" => Some(BASE64_STANDARD.encode(KEY)),
        "PLAIN" => Some(String::from_utf8(KEY.to_vec()).unwrap()),
        _ => None,
    }
}

fn config() -> test_runner::Config {
    let config = test_runner::Config::default();
    test_runner::Config { failure_persistence: None, cases: config.cases.max(2048), ..config }
}

/// How a request is signed.
#[derive(Clone, Copy, Debug)]
enum Sign {
    Not,
    Svix,
    /// The body alone, in hex.
    Hex,
    /// Time and body, in base64.
    Timed,
}

fn signed(sign: Sign, body: &[u8]) -> Vec<OwnedHeader> {
    let tag = |parts: &[&[u8]]| {
        let mut mac = hmac_sha256::HMAC::new(KEY);
        for part in parts {
            mac.update(part);
        }
        mac.finalize()
    };
    let at = NOW.to_string();
    let mut headers: Vec<OwnedHeader> =
        vec![(":method".into(), b"POST".to_vec()), (":path".into(), PATH.to_vec())];
    match sign {
        Sign::Not => {}
        Sign::Svix => {
            let tag = tag(&[b"msg_1.", at.as_bytes(), b".", body]);
            headers.push(("svix-id".into(), b"msg_1".to_vec()));
            headers.push(("svix-timestamp".into(), at.into_bytes()));
            let entry = format!("v1,{}", BASE64_STANDARD.encode(tag));
            headers.push(("svix-signature".into(), entry.into_bytes()));
        }
        Sign::Hex => {
            let hex = tag(&[body]).map(|byte| format!("{byte:02x}")).concat();
            headers.push(("x-signature".into(), format!("sha256={hex}").into_bytes()));
        }
        Sign::Timed => {
            let tag = BASE64_STANDARD.encode(tag(&[at.as_bytes(), b".", body]));
            headers.push(("x-signature".into(), format!("t={at},v1={tag}").into_bytes()));
        }
    }
    headers
}

/// Drives a request; an event that goes on satisfies the published schema.
fn run(plugin: &Arc<Plugin>, headers: &[OwnedHeader], body: &[u8], arrival: &Arrival) -> End {
    let end = drive(plugin, headers, body, arrival, Duration::from_secs(NOW));
    if let End::Decided(_, Action::Forward(forward)) = &end
        && let Some(event) = &forward.body
    {
        test_support::contract::assert_valid(str::from_utf8(event).unwrap());
    }
    end
}

/// Bodies from every branch of the contract, and near them.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let valid = prop_oneof![
        Just(RESULT.to_vec()),
        Just(br#"{"event_type":"order.completed","data":{"order_id":"o","status":"s"}}"#.to_vec()),
        Just(br#"{"event_type":"labtest.order.updated","data":{"id":null}}"#.to_vec()),
        "\\PC{0,40}".prop_map(|name| {
            serde_json::json!({"event_type": "labtest.result.critical", "user_id": null, "x": name,
                "data": {"markers": [{"name": name, "value": name, "unit": name}]}})
            .to_string()
            .into_bytes()
        }),
    ];
    let broken = (valid.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut body, at, byte)| {
            let at = at.index(body.len());
            body[at] = byte;
            body
        },
    );
    prop_oneof![
        4 => valid,
        3 => broken,
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => Just(Vec::new()),
    ]
}

fn signs() -> impl Strategy<Value = Sign> {
    prop_oneof![Just(Sign::Not), Just(Sign::Svix), Just(Sign::Hex), Just(Sign::Timed)]
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    let sizes = prop::collection::vec(0usize..220, 0..8);
    (sizes, any::<bool>()).prop_map(|(mut sizes, with_trailers)| {
        // Equal ones stay: Envoy may call twice at one size.
        sizes.sort_unstable();
        Arrival { sizes, with_trailers }
    })
}

/// Header names that some check looks at, and one that none does.
fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        ":path",
        ":method",
        "content-type",
        "content-length",
        "content-encoding",
        "svix-id",
        "svix-timestamp",
        "svix-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-junction-signature",
        "x-signature",
        "x-junction-verdict",
        "idempotency-key",
        "x-other",
    ])
    .prop_map(str::to_owned)
}

fn values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..40),
        1 => Just(PATH.to_vec()),
        1 => Just(b"POST".to_vec()),
        1 => Just(NOW.to_string().into_bytes()),
        1 => Just(b"application/json".to_vec()),
        1 => "v1,[A-Za-z0-9+/]{43}=".prop_map(String::into_bytes),
        1 => "t=16142653[0-9]{2}(,v1=[0-9a-f]{64}){0,3}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_split_of_the_body_gives_the_same_outcome(
        plugin in prop::sample::select(PLUGINS.clone()),
        sign in signs(),
        body in bodies(),
        arrival in arrivals(),
    ) {
        let headers = signed(sign, &body);
        let whole = run(&plugin, &headers, &body, &Arrival::default());
        let parts = run(&plugin, &headers, &body, &arrival);
        prop_assert_eq!(parts.comparable(), whole.comparable());
    }

    #[test]
    fn any_bytes_in_headers_and_body_end_in_a_sound_verdict(
        plugin in prop::sample::select(PLUGINS.clone()),
        mut extra in prop::collection::vec((names(), values()), 0..6),
        sign in signs(),
        body in bodies(),
        arrival in arrivals(),
        is_head_whole in any::<bool>(),
    ) {
        let mut headers = signed(sign, &body);
        if !is_head_whole {
            headers.clear();
        }
        headers.append(&mut extra);
        let end = run(&plugin, &headers, &body, &arrival);
        end.require_sound(is_head_whole && !matches!(sign, Sign::Not));
    }

    #[test]
    fn any_flipped_bit_of_any_message_is_refused(
        sign in prop_oneof![Just(Sign::Svix), Just(Sign::Timed)],
        body in bodies(),
        at in any::<prop::sample::Index>(),
    ) {
        let headers = signed(sign, &body);
        let bits = flippable_bits(&headers, &body);
        prop_assert_eq!(flipped(sign, &headers, &body, at.index(bits)), None);
    }
}

/// Every single one, for one message of each scheme.
#[test]
fn every_flipped_bit_of_id_time_body_and_signature_is_refused() {
    let mut refused = 0;
    for sign in [Sign::Svix, Sign::Timed, Sign::Hex] {
        let headers = signed(sign, RESULT);
        let whole = run(plugin_of(sign), &headers, RESULT, &Arrival::default());
        assert!(is_forwarded(&whole), "{sign:?}: the message itself: {whole:?}");
        let bits = flippable_bits(&headers, RESULT);
        let accepted: Vec<_> =
            (0..bits).filter_map(|bit| flipped(sign, &headers, RESULT, bit)).collect();
        // Hex digits are taken in either case, so there the bit between the cases says nothing.
        let letters = headers.iter().filter(|(name, _)| name == "x-signature");
        let letters = letters.map(|(_, value)| match sign {
            Sign::Hex => {
                value["sha256=".len()..].iter().filter(|b| b.is_ascii_alphabetic()).count()
            }
            _ => 0,
        });
        assert_eq!(accepted.len(), letters.sum::<usize>(), "{sign:?}: {accepted:?}");
        refused += bits - accepted.len();
    }
    test_support::figures::record(
        "12-flipped-bits",
        "Every bit of id, time, body and signature flipped, one at a time, under three schemes",
        &format!("{refused} of {refused} refused"),
    );
}

fn plugin_of(sign: Sign) -> &'static Arc<Plugin> {
    match sign {
        Sign::Not | Sign::Svix => &PLUGINS[0],
        Sign::Hex | Sign::Timed => &PLUGINS[3],
    }
}

/// How many bits the signature headers and the body have.
fn flippable_bits(headers: &[OwnedHeader], body: &[u8]) -> usize {
    let signed = headers.iter().filter(|(name, _)| !name.starts_with(':'));
    8 * signed.fold(body.len(), |sum, (_, value)| sum + value.len())
}

/// Flips one bit; what it was, if the request was not refused for its signature.
fn flipped(sign: Sign, headers: &[OwnedHeader], body: &[u8], bit: usize) -> Option<String> {
    let (mut headers, mut body) = (headers.to_vec(), body.to_vec());
    let mut at = bit / 8;
    let place = flip(&mut headers, &mut body, &mut at, 1 << (bit % 8));
    let end = run(plugin_of(sign), &headers, &body, &Arrival::default());
    let refused = matches!(
        &end,
        End::Decided(report, Action::Answer(answer))
            if matches!(report.verdict.reason(), Some(Reason::Signature(_))) && answer.status == 401
    );
    (!refused).then(|| format!("bit {} of byte {at} of {place}", bit % 8))
}

/// Flips bits of the byte `at`, counted over the signature headers and the body; leaves in `at`
/// where that is in the part which is named.
fn flip(headers: &mut [OwnedHeader], body: &mut [u8], at: &mut usize, mask: u8) -> String {
    let signed = headers.iter_mut().filter(|(name, _)| !name.starts_with(':'));
    for (name, value) in signed {
        match value.get_mut(*at) {
            Some(byte) => {
                *byte ^= mask;
                return name.clone();
            }
            None => *at -= value.len(),
        }
    }
    body[*at] ^= mask;
    "the body".to_owned()
}

fn is_forwarded(end: &End) -> bool {
    matches!(end, End::Decided(report, Action::Forward(_)) if report.verdict == Verdict::Forwarded)
}
