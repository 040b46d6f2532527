//! Any bytes as a verified body: no panic, JSON alone is accepted, what is accepted becomes JSON,
//! and none takes more memory for its length than the bound on bodies allows for.
#![no_main]

use junction_webhook::document::{Document, DocumentError, Nulls, Rules, UnknownEvents, read};
use junction_webhook::event::{Envelope, normalise};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|body: &[u8]| {
    let text = str::from_utf8(body);
    let is_json = text.is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    for unknown_events in
        [UnknownEvents::Reject, UnknownEvents::Acknowledge, UnknownEvents::Forward]
    {
        for nulls in [Nulls::Reject, Nulls::Absent] {
            let rules = Rules { unknown_events, nulls };
            check(body, is_json, rules);
            let used = allocation_counter::measure(|| work(body, rules));
            // A quarter of a module's 4 GiB for a body of 8 MiB; short ones have their envelope.
            let length = body.len() as u64;
            assert!(used.bytes_max <= 128 * length + 8192, "{used:?} for {length} bytes");
            assert!(used.count_total <= 4 * length + 64, "{used:?} for {length} bytes");
        }
    }
});

/// What the filter does with the body, and nothing else.
fn work(body: &[u8], rules: Rules) {
    let envelope = Envelope { event_id: "msg_1", verified_by: "svix", sent_at: None };
    match read(body, rules) {
        Ok(Document::Event(event)) => drop(normalise(&event, &envelope, body.len() * 2 + 1024)),
        Ok(Document::Unknown { .. }) => {}
        Err(error) => drop(error.to_string()),
    }
}

fn check(body: &[u8], is_json: bool, rules: Rules) {
    match read(body, rules) {
        Ok(Document::Event(event)) => {
            assert!(is_json, "accepted what is no JSON");
            let envelope = Envelope { event_id: "msg_1", verified_by: "svix", sent_at: None };
            let normal = normalise(&event, &envelope, 0);
            serde_json::from_slice::<IgnoredAny>(&normal).expect("the normalised event is JSON");
        }
        Ok(Document::Unknown { event_type }) => {
            assert!(is_json, "acknowledged what is no JSON");
            assert_eq!(rules.unknown_events, UnknownEvents::Acknowledge);
            let _ = event_type.as_str();
        }
        // A lone surrogate in an escape is refused here, and passed over by the other parser.
        Err(error @ (DocumentError::NotJson { .. } | DocumentError::NotUtf8 { .. })) => {
            let has_escape = body.windows(2).any(|pair| pair == b"\\u");
            assert!(!is_json || has_escape, "{error}: refused as JSON");
            assert!(error.to_string().is_ascii());
        }
        Err(error @ DocumentError::Schema(_)) => assert!(error.to_string().is_ascii()),
    }
}
