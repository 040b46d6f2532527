//! The validator against an independent one, on the documented schema: the same verdict on every
//! document and the same broken rules in its answer, under both switches; a key given twice apart
//! (parsers disagree about it, so it is always refused).

use std::cell::Cell;
use std::collections::BTreeSet;

use boon::{ErrorKind, Type, ValidationError};
use junction_webhook::document::{
    self, Document, DocumentError, EventType, Nulls, Rules, UnknownEvents,
};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use test_support::schema::Schema;

use super::config;
use super::generate::document;

/// As documented, byte for byte.
const SCHEMA: &str = include_str!("../../../../tests/data/schema/request.schema.json");

#[test]
fn the_verdict_is_that_of_the_documented_schema() {
    let oracle = Oracle::new();
    let (valid, invalid, duplicates) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let count = |tally: &Cell<u32>| tally.set(tally.get().saturating_add(1));
    TestRunner::new(config(2048))
        .run(&document(), |(sent, space)| {
            let text = sent.text(space);
            let verdict = verdict(&text, Rules::default());
            if sent.has_duplicate() {
                count(&duplicates);
                assert!(matches!(verdict, Verdict::Broken(_)), "a key is given twice: {text}");
                return Ok(());
            }
            let stand_in: Value = serde_json::from_str(&sent.stand_in()).unwrap();
            count(if verdict == Verdict::Valid { &valid } else { &invalid });
            let is_valid = oracle.whole.is_valid(&stand_in);
            assert_eq!(verdict == Verdict::Valid, is_valid, "{text}: {verdict:?}");
            if let (Verdict::Broken(named), Some(event_type)) = (&verdict, event_type(&stand_in)) {
                oracle.assert_names(named, event_type, &stand_in, &text);
            }
            assert_forwarded(&oracle, &text, &stand_in, &verdict);
            assert_acknowledged(&text, &stand_in, verdict);
            assert_nulls_count_as_absent(&oracle, &text, stand_in);
            Ok(())
        })
        .unwrap();
    let (valid, invalid, duplicates) = (valid.get(), invalid.get(), duplicates.get());
    assert!(valid.min(invalid) > 0, "both verdicts occurred");
    test_support::figures::record(
        "13-schema-oracle",
        "Generated documents against an independent validator",
        &format!(
            "{valid} valid to both, {invalid} invalid to both; {duplicates} more refused for a key \
             given twice, 0 others"
        ),
    );
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Valid,
    Unknown,
    /// The violations, as an answer names them.
    Broken(Vec<String>),
}

fn verdict(text: &str, rules: Rules) -> Verdict {
    match document::read(text.as_bytes(), rules) {
        Ok(Document::Event(_)) => Verdict::Valid,
        Ok(Document::Unknown { .. }) => Verdict::Unknown,
        Err(DocumentError::Schema(violations)) => {
            Verdict::Broken(violations.iter().map(ToString::to_string).collect())
        }
        Err(error) => panic!("{error}: {text}"),
    }
}

fn event_type(document: &Value) -> Option<EventType> {
    let name = document.get("event_type")?.as_str()?;
    EventType::ALL.into_iter().find(|event_type| event_type.as_str() == name)
}

/// The independent validator, on the schema and on each of its branches.
struct Oracle {
    whole: Schema,
    /// Each branch, as it is and with every number for an integer: of a number that is no integer
    /// the validator says no more than that, though it may be below a minimum as well.
    lab_result: [Schema; 2],
    order: [Schema; 2],
}

impl Oracle {
    fn new() -> Self {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let branch = |place: usize| {
            let branch = &schema["anyOf"][place];
            let wider = branch.to_string().replace(r#""integer""#, r#""number""#);
            [Schema::new(branch), Schema::parse(&wider)]
        };
        Self { whole: Schema::new(&schema), lab_result: branch(0), order: branch(1) }
    }

    /// Panics unless the answer names what the document breaks of the branch that its type selects:
    /// all of it, or five where there is more.
    fn assert_names(&self, named: &[String], event_type: EventType, document: &Value, text: &str) {
        let [branch, wider] = match event_type {
            EventType::ResultReady | EventType::ResultCritical => &self.lab_result,
            EventType::OrderCompleted | EventType::OrderCancelled => &self.order,
        };
        let broken = |schema: &Schema| {
            schema.check(document).map_or_else(|error| names(&error), |()| Vec::new())
        };
        let is_minimum = |name: &String| name.contains(": minimum ");
        let minima = broken(wider).into_iter().filter(is_minimum);
        let broken: BTreeSet<_> = broken(branch).into_iter().chain(minima).collect();
        let distinct: BTreeSet<_> = named.iter().cloned().collect();
        assert_eq!(distinct.len(), named.len(), "{named:?}: {text}");
        assert!(distinct.is_subset(&broken), "{named:?} of {broken:?}: {text}");
        assert_eq!(named.len(), broken.len().min(5), "{named:?} of {broken:?}: {text}");
    }
}

/// The violations as an answer names them.
fn names(error: &ValidationError<'_, '_>) -> Vec<String> {
    let at = &error.instance_location;
    match &error.kind {
        ErrorKind::Group | ErrorKind::Schema { .. } => {
            error.causes.iter().flat_map(names).collect()
        }
        ErrorKind::Required { want } => {
            want.iter().map(|property| format!("{at}/{property}: required")).collect()
        }
        ErrorKind::Type { want, .. } => {
            // The answer tells the types in another order than the validator keeps them in.
            let order = [
                Type::Object,
                Type::Array,
                Type::String,
                Type::Number,
                Type::Integer,
                Type::Boolean,
                Type::Null,
            ];
            let types = order.iter().filter(|one| want.contains(**one));
            let types: Vec<_> = types.map(ToString::to_string).collect();
            vec![format!("{at}: type {}", types.join(" or "))]
        }
        ErrorKind::MinLength { want, .. } => vec![format!("{at}: minLength {want}")],
        ErrorKind::Minimum { want, .. } => vec![format!("{at}: minimum {want}")],
        // The schema has one: a marker's value.
        ErrorKind::AnyOf => vec![format!("{at}: type string, number or null")],
        kind => panic!("the schema has no such rule: {kind:?}"),
    }
}

/// An object whose type is a string outside the documented ones is acknowledged where the rules say
/// so; nothing else changes.
fn assert_acknowledged(text: &str, document: &Value, otherwise: Verdict) {
    let rules = Rules { unknown_events: UnknownEvents::Acknowledge, ..Rules::default() };
    let is_unknown =
        document.get("event_type").is_some_and(Value::is_string) && event_type(document).is_none();
    let expected = if is_unknown { Verdict::Unknown } else { otherwise };
    assert_eq!(verdict(text, rules), expected, "{text}");
}

/// Where the rules say so, such an object goes on where the fields beside its `data` satisfy the
/// schema and its type is fit for a header; nothing else changes.
fn assert_forwarded(oracle: &Oracle, text: &str, document: &Value, otherwise: &Verdict) {
    let rules = Rules { unknown_events: UnknownEvents::Forward, ..Rules::default() };
    let verdict = verdict(text, rules);
    let is_unknown =
        document.get("event_type").is_some_and(Value::is_string) && event_type(document).is_none();
    if !is_unknown {
        assert_eq!(verdict, *otherwise, "{text}");
        return;
    }
    let name = document["event_type"].as_str().unwrap();
    let is_fit = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    // The same document as an empty result.
    let mut document = document.clone();
    document["event_type"] = "labtest.result.ready".into();
    document["data"] = Value::Object(serde_json::Map::new());
    let is_valid = oracle.whole.is_valid(&document) && is_fit;
    assert_eq!(verdict == Verdict::Valid, is_valid, "{text}: {verdict:?}");
}

/// Where the rules say so, the verdict is that on the document without the nulls of its optional
/// fields, and without the empty texts of those that want a character.
fn assert_nulls_count_as_absent(oracle: &Oracle, text: &str, mut document: Value) {
    let rules = Rules { nulls: Nulls::Absent, ..Rules::default() };
    remove_empty(&mut document, &["user_id", "client_user_id", "team_id"], &[]);
    if matches!(event_type(&document), Some(EventType::ResultReady | EventType::ResultCritical)) {
        let data = &mut document["data"];
        let fields = ["order_id", "sample_id", "status", "markers", "marker_count"];
        remove_empty(data, &fields, &["collected_at", "reported_at"]);
        remove_empty(data, &["critical_marker_count"], &[]);
        for marker in data.get_mut("markers").and_then(Value::as_array_mut).into_iter().flatten() {
            remove_empty(marker, &["notes"], &["slug", "unit", "timestamp"]);
        }
    }
    let is_valid = oracle.whole.is_valid(&document);
    let verdict = verdict(text, rules);
    assert_eq!(verdict == Verdict::Valid, is_valid, "{text}: {verdict:?}");
}

/// Removes `fields` that are null, and `filled` ones that are null or empty.
fn remove_empty(object: &mut Value, fields: &[&str], filled: &[&str]) {
    if let Some(object) = object.as_object_mut() {
        object.retain(|field, value| {
            let field = field.as_str();
            let is_filled_field = filled.contains(&field);
            let is_absent = value.is_null() && (is_filled_field || fields.contains(&field));
            let is_empty = is_filled_field && value == "";
            !is_absent && !is_empty
        });
    }
}
