//! Rebuilds the sender's document from a normalised event, by what the contract promises alone.

use test_support::tree::{Fields, Tree};

const EVENT: [&str; 4] = ["event_type", "user_id", "client_user_id", "team_id"];
const ORDER: [&str; 3] = ["order_id", "status", "cancellation_reason"];
const RESULT: [&str; 9] = [
    "order_id",
    "sample_id",
    "status",
    "interpretation",
    "collected_at",
    "reported_at",
    "marker_count",
    "critical_marker_count",
    "markers",
];
const MARKER: [&str; 9] = [
    "slug",
    "name",
    "unit",
    "value",
    "min_range_value",
    "max_range_value",
    "interpretation",
    "timestamp",
    "notes",
];

/// The sender's document as the event has it.
pub(crate) fn rebuild(event: &Tree) -> Tree {
    let data = event.at("data");
    let data = match data_shape(event) {
        DataShape::Other => data.clone(),
        DataShape::Order => level(data, &ORDER, |field| data.at(field).clone()),
        DataShape::Result => level(data, &RESULT, |field| match field {
            "markers" => Tree::Array(data.at(field).items().iter().map(rebuild_marker).collect()),
            _ => data.at(field).clone(),
        }),
    };
    let Tree::Object(mut fields) = level(event, &EVENT, |field| event.at(field).clone()) else {
        unreachable!()
    };
    fields.insert("data".to_owned(), data);
    Tree::Object(fields)
}

fn rebuild_marker(marker: &Tree) -> Tree {
    level(marker, &MARKER, |field| match field {
        "value" => rebuild_value(marker.at("value")),
        "min_range_value" => marker.at("reference_range").at("low").clone(),
        "max_range_value" => marker.at("reference_range").at("high").clone(),
        "interpretation" => marker.at("interpretation").at("text").clone(),
        "timestamp" => marker.at("observed_at").clone(),
        _ => marker.at(field).clone(),
    })
}

/// A value that needed no `raw`.
fn rebuild_value(value: &Tree) -> Tree {
    let Tree::Text(kind) = value.at("kind") else { panic!("{value:?}") };
    match kind.as_str() {
        "quantity" if *value.at("comparator") == Tree::Null => value.at("number").clone(),
        "text" => value.at("text").clone(),
        "absent" => Tree::Null,
        _ => panic!("only `raw` can tell how this was sent: {value:?}"),
    }
}

/// The known fields, from `raw` where it has them, and the unknown ones from `extra`.
fn level(object: &Tree, known: &[&str], normalised: impl Fn(&str) -> Tree) -> Tree {
    let empty = Tree::Object(Fields::new());
    let raw = object.fields().get("raw").unwrap_or(&empty).fields();
    let extra = object.fields().get("extra").unwrap_or(&empty).fields();
    assert!(raw.keys().all(|field| known.contains(&field.as_str())), "{raw:?}");
    assert!(!extra.keys().any(|field| known.contains(&field.as_str())), "{extra:?}");
    let field = |field: &&str| {
        let value = raw.get(*field).cloned().unwrap_or_else(|| normalised(field));
        ((*field).to_owned(), value)
    };
    Tree::Object(known.iter().map(field).chain(extra.clone()).collect())
}

/// The sender's document with every known field that it left out as an explicit null.
pub(crate) fn with_explicit_nulls(document: &Tree) -> Tree {
    let filled = |tree: &Tree, known: &[&str]| {
        let mut fields = tree.fields().clone();
        for field in known {
            fields.entry((*field).to_owned()).or_insert(Tree::Null);
        }
        fields
    };
    let mut event = filled(document, &EVENT);
    event.entry("data".to_owned()).or_insert(Tree::Null);
    let known: &[&str] = match data_shape(document) {
        DataShape::Other => return Tree::Object(event),
        DataShape::Order => &ORDER,
        DataShape::Result => &RESULT,
    };
    let mut data = filled(document.at("data"), known);
    if let Some(Tree::Array(markers)) = data.get("markers")
        && matches!(data_shape(document), DataShape::Result)
    {
        let markers = markers.iter().map(|marker| Tree::Object(filled(marker, &MARKER))).collect();
        data.insert("markers".to_owned(), Tree::Array(markers));
    }
    event.insert("data".to_owned(), Tree::Object(data));
    Tree::Object(event)
}

/// What the `data` of an event is.
enum DataShape {
    Result,
    Order,
    Other,
}

fn data_shape(event: &Tree) -> DataShape {
    let Tree::Text(name) = event.at("event_type") else { panic!("an event has a type") };
    match name.as_str() {
        "labtest.result.ready" | "labtest.result.critical" => DataShape::Result,
        "order.completed" | "order.cancelled" => DataShape::Order,
        _ => DataShape::Other,
    }
}
