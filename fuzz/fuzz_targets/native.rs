//! Any request through the hooks of the native module, as Envoy calls them, under
//! AddressSanitizer: no fault, no panic, the verdict of the core, and no forward without a
//! signature, whatever secret Envoy delivers and however the body is cut.
//!
//! The first byte of an input also chooses the delivered secret: the key, none, or the input
//! itself.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use junction_webhook::config::{Delivery, Draft};
use junction_webhook::report::filter_state;
use libfuzzer_sys::fuzz_target;
use native_driven::driven::Plugin;
use test_support::drive::{Arrival, End, drive};

mod input;

use input::{Input, KEY, NOW};

/// Every time that can be signed is within it, since the module reads the machine's clock.
const TOLERANCE: u64 = u64::MAX;

thread_local! {
    /// Each configuration with its plugin, which lives as long as Envoy.
    static PLUGINS: Vec<(String, Plugin)> = configurations()
        .into_iter()
        .map(|text| {
            let plugin = Plugin::new(&text);
            (text, plugin)
        })
        .collect();
}

static SECRET: LazyLock<String> = LazyLock::new(|| BASE64_STANDARD.encode(KEY));

fn configurations() -> [String; 5] {
    let secret = &*SECRET;
    let plain = str::from_utf8(KEY).expect("the key is text");
    let svix = format!(
        r#""svix": {{"secrets": [{{"inline": "{secret}"}}], "tolerance_seconds": {TOLERANCE}}}"#
    );
    let hmac = format!(
        r#""hmac": {{"secrets": [{{"inline": "{plain}"}}], "tolerance_seconds": {TOLERANCE}}}"#
    );
    let delivered = format!(
        r#""svix": {{"secrets": [{{"sds": "fuzzed"}}], "tolerance_seconds": {TOLERANCE}}}"#
    );
    [
        format!("{{{svix}}}"),
        format!(r#"{{{svix}, {hmac}, "unknown_events": "acknowledge", "nulls": "absent"}}"#),
        format!(r#"{{{svix}, "mode": "shadow", "max_body_bytes": 200}}"#),
        format!("{{{delivered}}}"),
        format!(r#"{{{delivered}, {hmac}, "unknown_events": "forward"}}"#),
    ]
}

fuzz_target!(|bytes: &[u8]| PLUGINS.with(|plugins| {
    let input = Input::read(bytes);
    let choice = usize::from(input.configuration);
    let (text, plugin) = &plugins[choice % plugins.len()];
    let secret = match choice / plugins.len() % 3 {
        0 => SECRET.as_bytes(),
        1 => b"",
        _ => bytes,
    };

    let draft = Draft::parse(text.as_bytes(), |_| None::<String>).expect("it can be used");
    let mut delivery = Delivery::new(draft);
    delivery.update(|_| Some(secret));
    let arrival = Arrival::default();
    let now = Duration::from_secs(NOW);
    let expected = drive(delivery.plugin(), &input.headers, input.body, &arrival, now);
    let expected = match &expected {
        End::Unguarded => None,
        End::Decided(report, _) => Some((report.verdict.outcome(), report.verdict.reason_label())),
    };
    for (cuts, with_trailers) in [(&[][..], false), (&input.cuts, false), (&input.cuts, true)] {
        let came = plugin.send(&input.headers, input.body, cuts, with_trailers, secret);
        let verdict = came.state(filter_state::VERDICT).zip(came.state(filter_state::REASON));
        assert_eq!(verdict, expected, "{cuts:?} {with_trailers}: {came:?}");
        match verdict.map(|(outcome, _)| outcome) {
            None | Some("shadowed") => assert!(came.goes_on && came.body == input.body, "{came:?}"),
            Some("forwarded") => {
                assert!(came.goes_on && came.body.starts_with(b"{\"contract\":"), "{came:?}");
                assert!(input.is_signed || secret == bytes, "{came:?}");
            }
            Some("acknowledged") => {
                assert!(!came.goes_on, "{came:?}");
                assert!(input.is_signed || secret == bytes, "{came:?}");
            }
            Some(_) => assert!(!came.goes_on, "{came:?}"),
        }
    }
}));
