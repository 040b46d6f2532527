//! The verifier against the official library of Standard Webhooks, over generated messages.
//!
//! Both judge the same headers and body at the same time. They must agree, but where the contract
//! is different on purpose: each such place is a named [`Difference`] with its reason, and anything
//! else fails. `PROPTEST_CASES` sets how many messages are tried.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use junction_webhook::signature::{Secret, SignatureError, Verifier, hmac, svix};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use standardwebhooks::Webhook;

const KEY: &[u8] = b"a key of the two receivers";
const TOLERANCE: Duration = Duration::from_mins(5);

/// A place where the contract differs from the library on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// The specification forbids a full stop in an id, since `a.1` at time `2` and `a` at `1.2`
    /// have the same signed text; the library takes any text. An id also becomes a header and a
    /// key of the upstream's, so white space, nothing at all and more than 256 characters go too.
    StricterId,
    /// The library reads `+17` and `0017` as 17 and signs `17`: two spellings of one message are
    /// two keys to whoever compares the headers as they came.
    StricterTimestamp,
    /// Each entry costs a comparison under each secret; the library compares them without end.
    StricterEntryCount,
    /// Which of two values counts is a question that two receivers answer differently; the library
    /// takes the first.
    StricterRepetition,
    /// Parts of `svix-*` and `webhook-*` together: the library knows only the latter and never
    /// looks at the others.
    StricterMix,
    /// An entry that is no text is not this receiver's; the library refuses the whole header.
    WiderEntries,
    /// The library signs text alone. Here the bytes are verified whatever they are, and a body
    /// that is not UTF-8 is refused after its signature, as `json`.
    WiderBody,
}

use Difference::*;

/// One request as it arrives.
#[derive(Clone, Debug)]
struct Message {
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

fn tag(id: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    let mut mac = hmac_sha256::HMAC::new(KEY);
    for part in [id, b".", timestamp, b".", body] {
        mac.update(part);
    }
    BASE64_STANDARD.encode(mac.finalize())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The verdict of the official library, which reads the first of each header by itself.
fn library(message: &Message) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in &message.headers {
        let value = HeaderValue::from_bytes(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    Webhook::from_bytes(KEY.to_vec()).unwrap().verify(&message.body, &headers).is_ok()
}

fn filter(message: &Message) -> Result<(), SignatureError> {
    let secret = Secret::svix(&BASE64_STANDARD.encode(KEY)).unwrap();
    let svix = svix::Scheme::new(vec![secret], TOLERANCE);
    let hmac = hmac::Scheme::new(Vec::new(), &["x-signature".to_owned()], TOLERANCE).unwrap();
    let verifier = Verifier::new(svix, hmac).unwrap();
    let headers: Vec<_> =
        message.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let mut pending = verifier
        .begin(&test_support::borrowed(&headers), Duration::from_secs(now().try_into().unwrap()))?;
    pending.update(&message.body);
    pending.finish().map(drop)
}

/// Why the verdicts on a message may differ; written from the contract, not from the code.
fn differences(message: &Message) -> Vec<Difference> {
    let values = |own: &str| -> Vec<&[u8]> {
        let of_name = message.headers.iter().filter(|(name, _)| *name == own);
        of_name.map(|(_, value)| value.as_slice()).collect()
    };
    let first = |own: &str| values(own).first().copied().unwrap_or_default();
    let mut found = Vec::new();
    let id = first("webhook-id");
    let is_visible = id.iter().all(|byte| (0x21..=0x7e).contains(byte) && *byte != b'.');
    if id.is_empty() || id.len() > 256 || !is_visible {
        found.push(StricterId);
    }
    let timestamp = first("webhook-timestamp");
    if timestamp.iter().any(|byte| !byte.is_ascii_digit()) || timestamp.starts_with(b"0") {
        found.push(StricterTimestamp);
    }
    let signature = first("webhook-signature");
    if signature.split(|byte| *byte == b' ').filter(|entry| !entry.is_empty()).count() > 32 {
        found.push(StricterEntryCount);
    }
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "svix-id"];
    if names.iter().any(|name| values(name).len() > 1) {
        found.push(StricterRepetition);
    }
    if !values("svix-id").is_empty() {
        found.push(StricterMix);
    }
    if !signature.iter().all(|byte| *byte == b'\t' || (0x20..=0x7e).contains(byte)) {
        found.push(WiderEntries);
    }
    if str::from_utf8(&message.body).is_err() {
        found.push(WiderBody);
    }
    found
}

/// Which differences explain that one receiver accepts and the other does not.
fn explanations(message: &Message, filter_accepts: bool) -> Vec<Difference> {
    let is_wider = |difference: &Difference| matches!(difference, WiderEntries | WiderBody);
    let all = differences(message).into_iter();
    all.filter(|difference| is_wider(difference) == filter_accepts).collect()
}

fn ids() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "msg_[A-Za-z0-9]{1,27}".prop_map(String::into_bytes),
        2 => "[!-~]{1,40}".prop_map(String::into_bytes),
        1 => "[ -~]{0,12}".prop_map(String::into_bytes),
        1 => (250usize..260).prop_map(|length| vec![b'a'; length]),
        1 => prop::collection::vec(0x80u8..=0xff, 1..4),
    ]
}

/// Spellings of a moment near now, or not so near; none at the very edge of the tolerance, where
/// the two receivers might read the clock on either side of a tick.
fn timestamps() -> impl Strategy<Value = Vec<u8>> {
    let offsets = prop_oneof![6 => -290i64..=290, 1 => 310i64..=100_000, 1 => -100_000i64..=-310];
    (offsets, 0..24u8).prop_map(|(offset, form)| {
        let moment = now() + offset;
        match form {
            0 => format!("+{moment}"),
            1 => format!("0{moment}"),
            2 => format!("{moment}.0"),
            3 => format!("-{moment}"),
            4 => format!("{moment}000"),
            5 => format!("{moment} "),
            _ => moment.to_string(),
        }
        .into_bytes()
    })
}

/// What becomes of the right signature, and what stands beside it.
#[derive(Clone, Debug)]
enum Entry {
    Right,
    OfAnotherVersion,
    WithoutPadding,
    WithStrayBits,
    UrlSafe,
    Of([u8; 32]),
    Junk(Vec<u8>),
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let text = prop_oneof![
        8 => Just(Entry::Right),
        1 => Just(Entry::OfAnotherVersion),
        1 => Just(Entry::WithoutPadding),
        1 => Just(Entry::WithStrayBits),
        1 => Just(Entry::UrlSafe),
        3 => any::<[u8; 32]>().prop_map(Entry::Of),
        2 => "[!-~]{0,50}".prop_map(|text| Entry::Junk(text.into_bytes())),
    ];
    let any = prop_oneof![
        9 => text.clone(),
        1 => prop::collection::vec(0x80u8..=0xff, 1..4).prop_map(Entry::Junk),
    ];
    prop_oneof![
        12 => prop::collection::vec(any, 0..6),
        1 => prop::collection::vec(text, 30..36),
    ]
}

fn write(entries: &[Entry], right: &str) -> Vec<u8> {
    let written = entries.iter().map(|entry| match entry {
        Entry::Right => format!("v1,{right}").into_bytes(),
        Entry::OfAnotherVersion => format!("v1a,{right}").into_bytes(),
        Entry::WithoutPadding => format!("v1,{}", right.trim_end_matches('=')).into_bytes(),
        Entry::WithStrayBits => {
            // The last character before the padding carries two bits that mean nothing.
            let at = right.len() - 2;
            let next = char::from(right.as_bytes()[at] + 1);
            format!("v1,{}{next}=", &right[..at]).into_bytes()
        }
        Entry::UrlSafe => format!("v1,{}", right.replace('+', "-").replace('/', "_")).into_bytes(),
        Entry::Of(tag) => format!("v1,{}", BASE64_STANDARD.encode(tag)).into_bytes(),
        Entry::Junk(junk) => junk.clone(),
    });
    written.collect::<Vec<_>>().join(&b' ')
}

fn messages() -> impl Strategy<Value = Message> {
    let body = prop_oneof![
        4 => "\\PC{0,60}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ];
    // Signed as sent, or for another body; what is done to the set of headers.
    (ids(), timestamps(), entries(), body, any::<u8>(), 0..40u8).prop_map(
        |(id, timestamp, entries, body, forged, surgery)| {
            let signed_body = if forged < 16 { b"another body".as_slice() } else { &body };
            // The library's own senders sign the number, however it is spelled.
            let spelled = str::from_utf8(&timestamp).unwrap().parse::<i64>();
            let signed_time = match spelled {
                Ok(number) if forged >= 128 => number.to_string().into_bytes(),
                _ => timestamp.clone(),
            };
            let signature = write(&entries, &tag(&id, &signed_time, signed_body));
            let mut headers = vec![
                ("webhook-id", id),
                ("webhook-timestamp", timestamp),
                ("webhook-signature", signature),
            ];
            match surgery {
                0..=2 => drop(headers.remove(surgery.into())),
                3..=5 => headers.push(headers[usize::from(surgery - 3)].clone()),
                6..=9 => headers.push(("svix-id", b"msg_1".to_vec())),
                _ => {}
            }
            Message { headers, body }
        },
    )
}

#[test]
fn agrees_with_the_official_library_but_for_the_named_differences() {
    let counts: RefCell<BTreeMap<String, u32>> = RefCell::default();
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = config.cases.max(2048);
    TestRunner::new(Config { cases, ..config })
        .run(&messages(), |message| {
            let (theirs, ours) = (library(&message), filter(&message));
            let class = if theirs == ours.is_ok() {
                format!("both {}", if theirs { "accept" } else { "refuse" })
            } else {
                let reasons = explanations(&message, ours.is_ok());
                prop_assert!(!reasons.is_empty(), "library {theirs}, filter {ours:?}");
                format!("{:?}", reasons[0])
            };
            *counts.borrow_mut().entry(class).or_default() += 1;
            Ok(())
        })
        .unwrap();
    // What is never generated is not tested.
    let counts = counts.into_inner();
    let named = [StricterId, StricterTimestamp, StricterEntryCount, StricterRepetition];
    let named = named.iter().chain(&[StricterMix, WiderEntries, WiderBody]);
    for class in named.map(|difference| format!("{difference:?}")) {
        assert!(counts.contains_key(&class), "{class} was never met: {counts:?}");
    }
    assert!(counts["both accept"] > cases / 10, "{counts:?}");
    assert!(counts["both refuse"] > cases / 10, "{counts:?}");
    let differing: u32 = counts
        .iter()
        .filter_map(|(class, count)| (!class.starts_with("both")).then_some(count))
        .sum();
    test_support::figures::record(
        "10-signature-oracle",
        &format!("{cases} generated messages against the official library"),
        &format!(
            "{} accepted by both, {} refused by both, {differing} in the 7 named differences, 0 others",
            counts["both accept"], counts["both refuse"],
        ),
    );
}

/// One message for each difference, all else in order.
#[test]
fn differs_from_the_official_library_in_the_named_places() {
    let moment = now().to_string();
    let message = |id: &str, timestamp: &str, signed: &str, body: &[u8]| Message {
        headers: vec![
            ("webhook-id", id.into()),
            ("webhook-timestamp", timestamp.into()),
            (
                "webhook-signature",
                format!("v1,{}", tag(id.as_bytes(), signed.as_bytes(), body)).into(),
            ),
        ],
        body: body.to_vec(),
    };
    let good = message("msg_1", &moment, &moment, b"{}");
    assert_eq!((library(&good), filter(&good)), (true, Ok(())), "the message that they agree on");

    let with = |name: &'static str, value: Vec<u8>| {
        let mut changed = good.clone();
        changed.headers.push((name, value));
        changed
    };
    let appended = |tail: &[u8]| {
        let mut changed = good.clone();
        changed.headers[2].1.extend_from_slice(tail);
        changed
    };
    let malformed = Err(SignatureError::Malformed);
    let long = "a".repeat(257);
    for (name, difference, message, verdict) in [
        ("a full stop in the id", StricterId, message("a.b", &moment, &moment, b"{}"), malformed),
        ("a space in the id", StricterId, message("a b", &moment, &moment, b"{}"), malformed),
        ("an empty id", StricterId, message("", &moment, &moment, b"{}"), malformed),
        ("a long id", StricterId, message(&long, &moment, &moment, b"{}"), malformed),
        (
            "a plus sign",
            StricterTimestamp,
            message("msg_1", &format!("+{moment}"), &moment, b"{}"),
            Err(SignatureError::TimestampMalformed),
        ),
        (
            "a leading zero",
            StricterTimestamp,
            message("msg_1", &format!("0{moment}"), &moment, b"{}"),
            Err(SignatureError::TimestampMalformed),
        ),
        ("33 entries", StricterEntryCount, appended(&b" v2,x".repeat(32)), malformed),
        ("two ids", StricterRepetition, with("webhook-id", b"msg_1".to_vec()), malformed),
        ("a svix header too", StricterMix, with("svix-id", b"msg_1".to_vec()), malformed),
        ("an entry that is no text", WiderEntries, appended(b" \xff"), Ok(())),
        ("bytes", WiderBody, message("msg_1", &moment, &moment, b"\xff"), Ok(())),
    ] {
        assert_eq!(filter(&message), verdict, "{name}");
        assert_eq!(library(&message), verdict.is_err(), "{name}: the library");
        assert_eq!(explanations(&message, verdict.is_ok()), [difference], "{name}");
    }
}
