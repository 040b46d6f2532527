//! The published schema of the event: sound in itself, and no wider than what the filter writes.

use std::fs;
use std::path::Path;

use serde_json::Value;
use test_support::contract::is_valid;
use test_support::schema::Schema;

const SCHEMA: &str = include_str!("../../../../schema/junction.event.v1.schema.json");

#[test]
fn the_schema_satisfies_its_metaschema_and_its_examples_satisfy_it() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let (mut described, mut examples) = (0_usize, 0_usize);
    for (pointer, part) in parts(&schema, "#") {
        // A part on its own still needs the definitions.
        let mut alone = part.clone();
        alone.as_object_mut().unwrap().insert("$defs".to_owned(), schema["$defs"].clone());
        let alone = Schema::new(&alone);
        for example in part.get("examples").and_then(Value::as_array).into_iter().flatten() {
            assert!(alone.is_valid(example), "{pointer}: {example}");
            examples = examples.saturating_add(1);
        }
        if pointer.contains("/properties/") && part.get("const").is_none() {
            let described_by = part.get("description").or_else(|| part.get("$ref"));
            assert!(described_by.is_some(), "{pointer} has no description");
            described = described.saturating_add(1);
        }
    }
    assert!(described > 30 && examples > 30, "{described} described, {examples} examples");
}

#[test]
fn the_schema_refuses_an_event_that_lacks_a_key_or_has_one_of_its_own() {
    for (name, event) in goldens() {
        test_support::contract::assert_valid(&event.to_string());
        let of_feed = name.starts_with("feed-");
        for pointer in fixed_objects(&event, "") {
            // The data of an undocumented event is as it was sent.
            if of_feed && pointer.starts_with("/data") && event["data"].get("markers").is_none() {
                continue;
            }
            let object = event.pointer(&pointer).unwrap().as_object().unwrap();
            for key in object.keys().filter(|key| !["raw", "extra"].contains(&key.as_str())) {
                let mut changed = event.clone();
                let fields = changed.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
                fields.remove(key);
                assert!(!is_valid(&changed), "{name}: {pointer} without {key}");
            }
            for (key, value) in [("surplus", Value::Null), ("raw", 5.into()), ("extra", 5.into())] {
                let mut changed = event.clone();
                let fields = changed.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
                fields.insert(key.to_owned(), value);
                assert!(!is_valid(&changed), "{name}: {pointer} with {key}");
            }
        }
    }
}

#[test]
fn the_schema_refuses_an_event_that_says_what_none_can_say() {
    let event = |pointer: &str, value: Value| {
        let (_, mut event) =
            goldens().into_iter().find(|(name, _)| name.contains("lab-result-ready")).unwrap();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let text = |text: &str| Value::String(text.to_owned());
    assert!(is_valid(&event("/data/markers/0/unit", text("any"))));
    assert!(is_valid(&event("/event_type", text("labtest.order.updated"))));
    assert!(is_valid(&event("/data/markers/2/raw", serde_json::json!({"slug": ""}))));
    for (pointer, value) in [
        ("/contract", text("junction.event.v2")),
        ("/event_type", text("order.cancelled")),
        ("/event_type", text("")),
        ("/event_type", text("labtest order")),
        ("/event_type", Value::Null),
        ("/verified_by", text("none")),
        ("/sent_at", text("2026-11-24T00:15:00+00:00")),
        ("/data/collected_at", text("2026-11-24")),
        ("/data/marker_count", (-1).into()),
        ("/data/markers/0/slug", text("")),
        ("/data/markers/0/value/kind", text("number")),
        ("/data/markers/0/value/comparator", text("≤")),
        ("/data/markers/0/value/number", text("5")),
        ("/data/markers/0/reference_range/low", text("5")),
        ("/data/markers/0/interpretation/code", text("N")),
        ("/data/markers/0/interpretation/critical", false.into()),
        ("/data/markers/1/interpretation/critical", true.into()),
        ("/data/markers/8/interpretation/critical", true.into()),
        ("/data/raw", serde_json::json!({"status": "final"})),
        ("/data/markers/2/raw", serde_json::json!({"loinc": "1"})),
        ("/data/markers/2/raw", serde_json::json!({"timestamp": null})),
        ("/data/markers/2/raw", serde_json::json!({"slug": "sodium"})),
        ("/data/markers/2/raw", serde_json::json!({})),
    ] {
        assert!(!is_valid(&event(pointer, value.clone())), "{pointer} as {value}");
    }
}

/// Every schema within the schema, with its pointer.
fn parts<'s>(schema: &'s Value, pointer: &str) -> Vec<(String, &'s Value)> {
    let mut found = vec![(pointer.to_owned(), schema)];
    for keyword in ["properties", "$defs"] {
        for (name, part) in schema.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            found.extend(parts(part, &format!("{pointer}/{keyword}/{name}")));
        }
    }
    for (index, part) in
        schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        found.extend(parts(part, &format!("{pointer}/oneOf/{index}")));
    }
    found
}

/// The golden events, by name. Their numbers may lose digits here: only the shape matters.
fn goldens() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/golden");
    let mut found = Vec::new();
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".event.json") {
            // Those with a number beyond `f64` are left to the golden test.
            let event = serde_json::from_str(&fs::read_to_string(&path).unwrap());
            found.extend(event.ok().map(|event| (name, event)));
        }
    }
    assert!(found.len() > 20, "{} events", found.len());
    found
}

/// Pointers to the objects of an event that have a fixed shape; of an array, to those of its first
/// two.
fn fixed_objects(value: &Value, pointer: &str) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            found.push(pointer.to_owned());
            for (key, value) in fields {
                if key != "raw" && key != "extra" {
                    found.extend(fixed_objects(value, &format!("{pointer}/{key}")));
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(2) {
                found.extend(fixed_objects(item, &format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    found
}
