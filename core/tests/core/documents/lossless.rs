//! Nothing is lost: from the normalised event alone the sender's document can be rebuilt, as the
//! same JSON value with the same number digits, a null and an absent field counting as the same.

use std::cell::Cell;

use junction_webhook::document::{self, Document, EventName, Nulls, Rules, UnknownEvents};
use junction_webhook::event::time;
use junction_webhook::event::{Envelope, normalise};
use proptest::test_runner::{Config, TestRunner};
use test_support::tree::Tree;

use super::config;
use super::generate::document;
use super::rebuild::{rebuild, with_explicit_nulls};

#[test]
fn the_senders_document_can_be_rebuilt_from_the_event() {
    let rules = Rules { nulls: Nulls::Absent, unknown_events: UnknownEvents::Forward };
    let envelope = Envelope {
        event_id: "msg_1",
        verified_by: "svix",
        sent_at: time::from_unix(1_795_000_000, None),
    };
    let (rebuilt, of_other_types) = (Cell::new(0_u32), Cell::new(0_u32));
    // Half of the generated documents are valid: so many of them shall be.
    let config = config(1024);
    let wanted = config.cases;
    let config = Config { cases: wanted.saturating_mul(9) / 4, ..config };
    TestRunner::new(config)
        .run(&document(), |(sent, space)| {
            let text = sent.text(space);
            if rebuilt.get() >= wanted {
                return Ok(());
            }
            let Ok(Document::Event(event)) = document::read(text.as_bytes(), rules) else {
                return Ok(());
            };
            if matches!(event.event_type, EventName::Other(_)) {
                of_other_types.set(of_other_types.get().saturating_add(1));
            }
            let normalised = normalise(&event, &envelope, 0);
            assert_eq!(normalise(&event, &envelope, 100_000), normalised, "deterministic");
            let normalised = String::from_utf8(normalised).unwrap();
            test_support::contract::assert_valid(&normalised);
            let event = rebuild(&Tree::parse(&normalised));
            assert_eq!(event, with_explicit_nulls(&Tree::parse(&text)), "{text}\n{normalised}");
            rebuilt.set(rebuilt.get().saturating_add(1));
            Ok(())
        })
        .unwrap();
    assert_eq!(rebuilt.get(), wanted, "enough of the documents were valid");
    assert!(of_other_types.get() > wanted / 20, "undocumented events were among them");
    test_support::figures::record(
        "14-lossless",
        "Generated documents rebuilt from their normalised events, digit for digit",
        &format!("{wanted}"),
    );
}
