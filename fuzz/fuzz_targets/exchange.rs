//! Any request, signed or not, under any of a few configurations: no panic, no forward without a
//! signature, the same outcome however the body is cut, and no memory out of proportion.
//!
//! An input is a head in lines, an empty line, and the body. The first line is
//! `<configuration> <method> <target>`; a header `sign: <scheme> <id>` signs the body.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use junction_webhook::config::Config;
use junction_webhook::exchange::Plugin;
use libfuzzer_sys::fuzz_target;
use test_support::OwnedHeader;
use test_support::drive::{Arrival, drive};

const NOW: u64 = 1_614_265_330;
const KEY: &[u8] = b"a key that no input knows";
const CONFIGURATIONS: [&str; 4] = [
    "{}",
    r#"{"hmac": {"secrets": [{"env": "PLAIN"}]}, "unknown_events": "acknowledge", "nulls": "absent"}"#,
    r#"{"mode": "shadow", "max_body_bytes": 200}"#,
    r#"{"typo": 1}"#,
];

static PLUGINS: LazyLock<Vec<Arc<Plugin>>> = LazyLock::new(|| {
    let environment = |name: &str| match name {
        "JUNCTION_WEBHOOK_SECRET" => Some(BASE64_STANDARD.encode(KEY)),
        "PLAIN" => String::from_utf8(KEY.to_vec()).ok(),
        _ => None,
    };
    let parse = |text: &&str| Arc::new(Config::parse(text.as_bytes(), environment));
    CONFIGURATIONS.iter().map(parse).collect()
});

fuzz_target!(|input: &[u8]| {
    let (head, body) = match input.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&input[..at], &input[at + 2..]),
        None => (input, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ');
    let configuration = usize::from(words.next().and_then(<[u8]>::first).copied().unwrap_or(b'0'));
    let configuration = configuration % CONFIGURATIONS.len();
    let mut headers: Vec<OwnedHeader> = vec![
        (":method".into(), words.next().unwrap_or_default().to_vec()),
        (":path".into(), words.next().unwrap_or_default().to_vec()),
    ];
    let mut is_signed = false;
    for line in lines {
        let Some(at) = line.windows(2).position(|pair| pair == b": ") else { continue };
        let Ok(name) = String::from_utf8(line[..at].to_ascii_lowercase()) else { continue };
        let value = &line[at + 2..];
        if name == "sign" {
            is_signed = true;
            sign(value, body, &mut headers);
        } else {
            headers.push((name, value.to_vec()));
        }
    }

    let now = Duration::from_secs(NOW);
    let plugin = &PLUGINS[configuration];
    let mut whole = None;
    let used = allocation_counter::measure(|| {
        whole = Some(drive(plugin, &headers, body, &Arrival::default(), now));
    });
    let whole = whole.expect("it was driven");
    whole.require_sound(is_signed);
    // The document as in its own target; of the head, what ends here; the answer.
    let (head, body_length) = (head.len() as u64, body.len() as u64);
    assert!(used.bytes_max <= 128 * body_length + 16 * head + 16_384, "{used:?}");
    if !is_signed {
        // Nothing of the body is read.
        assert!(used.bytes_max <= 16 * head + 16_384, "{used:?}");
        assert!(used.count_total <= 2 * headers.len() as u64 + 128, "{used:?}");
    }

    // Cut where the input says, so that a finding can be repeated.
    let cut = |byte: &u8| usize::from(*byte) * body.len().max(1) / 256;
    let mut sizes: Vec<usize> = input.iter().rev().take(5).map(cut).collect();
    sizes.sort_unstable();
    for with_trailers in [false, true] {
        let arrival = Arrival { sizes: sizes.clone(), with_trailers };
        let parts = drive(plugin, &headers, body, &arrival, now);
        assert_eq!(parts.comparable(), whole.clone().comparable(), "{arrival:?}");
    }
});

/// Adds the headers of a signature: `svix <id>`, `webhook <id>`, `hex`, or `timed`.
fn sign(value: &[u8], body: &[u8], headers: &mut Vec<OwnedHeader>) {
    let mut words = value.splitn(2, |byte| *byte == b' ');
    let (scheme, id) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let tag = |parts: &[&[u8]]| {
        let mut mac = hmac_sha256::HMAC::new(KEY);
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize()
    };
    let hex = |tag: [u8; 32]| tag.map(|byte| format!("{byte:02x}")).concat();
    let at = NOW.to_string();
    match scheme {
        b"hex" => headers.push(("x-signature".into(), hex(tag(&[body])).into_bytes())),
        b"timed" => {
            let tag = tag(&[at.as_bytes(), b".", body]);
            headers.push(("x-signature".into(), format!("t={at},v1={}", hex(tag)).into_bytes()));
        }
        name => {
            let name = if name == b"webhook" { "webhook" } else { "svix" };
            let tag = BASE64_STANDARD.encode(tag(&[id, b".", at.as_bytes(), b".", body]));
            headers.push((format!("{name}-id"), id.to_vec()));
            headers.push((format!("{name}-timestamp"), at.into_bytes()));
            headers.push((format!("{name}-signature"), format!("v1,{tag}").into_bytes()));
        }
    }
}
