//! Any bytes as a verified body: no panic, JSON alone is accepted, and what is accepted becomes JSON.
#![no_main]

use junction_webhook::document::{
    Document, DocumentError, Nulls, Rules, UnknownEvents, read,
};
use junction_webhook::event::{Envelope, normalise};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|body: &[u8]| {
    let text = str::from_utf8(body);
    let is_json = text.is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    for unknown_events in [UnknownEvents::Reject, UnknownEvents::Acknowledge, UnknownEvents::Forward] {
        for nulls in [Nulls::Reject, Nulls::Absent] {
            check(body, is_json, Rules { unknown_events, nulls });
        }
    }
});

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
