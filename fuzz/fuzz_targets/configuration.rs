//! Any bytes as a configuration: no panic, no secret in an error, no memory out of proportion, and
//! what they guard stays guarded: everything where they are no JSON object.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::{Config, Guarded, Unusable};
use junction_webhook::exchange::{Exchange, Outcome};
use junction_webhook::http::Header;
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BROKEN: &str = "n0t-base64-s3cret!";

fuzz_target!(|configuration: &[u8]| {
    let mut plugin = None;
    let used = allocation_counter::measure(|| {
        plugin = Some(Config::parse(configuration, |name| match name {
            "JUNCTION_WEBHOOK_SECRET" | "A" => Some(SECRET.to_owned()),
            "B" => Some(BROKEN.to_owned()),
            "C" => Some(String::new()),
            _ => None,
        }));
    });
    // Each value of an array takes up to one place in a vector that doubles.
    let length = configuration.len() as u64;
    assert!(used.bytes_total <= 256 * length + 16_384, "{used:?} for {length} bytes");
    let plugin = plugin.expect("it was parsed");
    let shown = format!("{plugin:?}");
    assert!(!shown.contains(&SECRET["whsec_".len()..]) && !shown.contains(BROKEN), "a secret");

    let is_object = serde_json::from_slice::<serde_json::Value>(configuration)
        .is_ok_and(|value| value.is_object());
    let path = match &plugin {
        Ok(config) => config.route.path().to_owned(),
        Err(Unusable { guarded: Guarded::Path(route), .. }) => {
            assert!(is_object || configuration.is_empty(), "a path out of nothing");
            route.path().to_owned()
        }
        Err(_) => "/whatever".to_owned(),
    };
    let head: [Header; 2] = [(":method", b"POST"), (":path", path.as_bytes())];
    let outcome =
        Exchange::new(Arc::new(plugin), None).on_head(&head, true, Duration::from_secs(1));
    assert!(matches!(outcome, Outcome::Decided(..)), "{outcome:?} for an unsigned request");
});
