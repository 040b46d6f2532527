//! Any bytes as a configuration: no panic, no secret in an error, and the endpoint stays guarded.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::Config;
use junction_webhook::exchange::{Exchange, Outcome};
use junction_webhook::http::Header;
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BROKEN: &str = "n0t-base64-s3cret!";

fuzz_target!(|configuration: &[u8]| {
    let plugin = Config::parse(configuration, |name| match name {
        "JUNCTION_WEBHOOK_SECRET" | "A" => Some(SECRET.to_owned()),
        "B" => Some(BROKEN.to_owned()),
        "C" => Some(String::new()),
        _ => None,
    });
    let shown = format!("{plugin:?}");
    assert!(!shown.contains(&SECRET["whsec_".len()..]) && !shown.contains(BROKEN), "a secret");
    let route = match &plugin {
        Ok(config) => config.route.clone(),
        Err(unusable) => unusable.route.clone(),
    };
    let path = format!("{route:?}");
    let path = path.split('"').nth(1).unwrap_or_default();
    if path.contains('\\') || path.is_empty() {
        return;
    }
    assert!(route.guards(path.as_bytes()), "{path} is guarded");
    let head: [Header; 2] =
        [(":method", b"POST"), (":path", path.as_bytes())];
    let outcome = Exchange::new(Arc::new(plugin), None).on_head(&head, true, Duration::from_secs(1));
    assert!(matches!(outcome, Outcome::Decided(..)), "{outcome:?} for an unsigned request");
});
