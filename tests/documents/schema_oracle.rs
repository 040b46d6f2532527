//! The validator against an independent one, on the documented schema: the same verdict on every
//! document, a key given twice apart (parsers disagree about it, so it is always refused).

use std::cell::Cell;

use jsonschema::Validator;
use junction_webhook_filter::document::{self, Document, Rules};
use proptest::test_runner::{Config, TestRunner};

use crate::figures;
use crate::generate::document;

/// As documented, byte for byte.
const SCHEMA: &str = include_str!("../schema/request.schema.json");

#[test]
fn the_verdict_is_that_of_the_documented_schema() {
    let schema: Validator =
        jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let (valid, invalid, duplicates) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let count = |tally: &Cell<u32>| tally.set(tally.get().saturating_add(1));
    let cases = Config::default().cases.max(4096);
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, cases, ..Config::default() });
    runner
        .run(&document(), |(sent, space)| {
            let text = sent.text(space);
            let verdict = document::read(text.as_bytes(), Rules::default());
            let is_taken = matches!(verdict, Ok(Document::Event(_)));
            if sent.has_duplicate() {
                count(&duplicates);
                assert!(!is_taken, "a key is given twice: {text}");
                return Ok(());
            }
            let stand_in = serde_json::from_str(&sent.stand_in()).unwrap();
            count(if is_taken { &valid } else { &invalid });
            assert_eq!(is_taken, schema.is_valid(&stand_in), "{text}: {verdict:?}");
            Ok(())
        })
        .unwrap();
    let (valid, invalid, duplicates) = (valid.get(), invalid.get(), duplicates.get());
    assert!(valid.min(invalid) > 0, "both verdicts occurred");
    figures::record(
        "31-schema-oracle",
        "documents with the same verdict as an independent JSON Schema validator",
        &format!(
            "{valid} valid, {invalid} invalid; {duplicates} more refused for a key given twice"
        ),
    );
}
