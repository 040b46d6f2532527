//! Any request, signed or not, under any of a few configurations: no panic, no forward without a
//! signature, the same outcome however the body is cut, and no memory out of proportion.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use junction_webhook::config::Config;
use junction_webhook::exchange::Plugin;
use libfuzzer_sys::fuzz_target;
use test_support::drive::{Arrival, drive};

mod input;

use input::{Input, KEY, NOW};

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
    let Input { configuration, headers, body, is_signed, head_bytes, cuts } = Input::read(input);
    let configuration = usize::from(configuration) % CONFIGURATIONS.len();

    let now = Duration::from_secs(NOW);
    let plugin = &PLUGINS[configuration];
    let mut whole = None;
    let used = allocation_counter::measure(|| {
        whole = Some(drive(plugin, &headers, body, &Arrival::default(), now));
    });
    let whole = whole.expect("it was driven");
    whole.require_sound(is_signed);
    // The document as in its own target; of the head, what ends here; the answer.
    let (head, body_length) = (head_bytes as u64, body.len() as u64);
    assert!(used.bytes_max <= 128 * body_length + 16 * head + 16_384, "{used:?}");
    if !is_signed {
        // Nothing of the body is read.
        assert!(used.bytes_max <= 16 * head + 16_384, "{used:?}");
        assert!(used.count_total <= 2 * headers.len() as u64 + 128, "{used:?}");
    }

    for with_trailers in [false, true] {
        let arrival = Arrival { sizes: cuts.clone(), with_trailers };
        let parts = drive(plugin, &headers, body, &arrival, now);
        assert_eq!(parts.comparable(), whole.clone().comparable(), "{arrival:?}");
    }
});
