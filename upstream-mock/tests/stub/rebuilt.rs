//! The sender's document as the page shows it, for every golden sample: the same JSON value with
//! the same digits, where a null and an absent field count as the same.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, value::RawValue};

use crate::running::start;
use crate::stream::ids;

/// Fields that the documented schema names, in which a null is an absence.
const EVENT: [&str; 4] = ["user_id", "client_user_id", "team_id", "data"];
const DATA: [&str; 10] = [
    "order_id",
    "sample_id",
    "status",
    "interpretation",
    "collected_at",
    "reported_at",
    "marker_count",
    "critical_marker_count",
    "markers",
    "cancellation_reason",
];
const MARKER: [&str; 9] = [
    "slug",
    "name",
    "value",
    "unit",
    "min_range_value",
    "max_range_value",
    "interpretation",
    "timestamp",
    "notes",
];

/// JSON in one spelling: names in order, no white space, texts decoded, numbers as they came;
/// without the nulls of fields that `known` names for each level.
fn plain(text: &str, known: &[&[&str]]) -> String {
    let raw: &RawValue = serde_json::from_str(text).unwrap();
    let text = raw.get();
    match text.as_bytes()[0] {
        b'{' => {
            let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
            let (here, below) =
                known.split_first().map_or((&[][..], &[][..]), |(here, below)| (*here, below));
            let members: Vec<String> = members
                .iter()
                .filter(|(name, value)| value.get() != "null" || !here.contains(&name.as_str()))
                .map(|(name, value)| {
                    let below =
                        if ["data", "markers"].contains(&name.as_str()) { below } else { &[] };
                    format!("{name:?}: {}", plain(value.get(), below))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap();
            let items: Vec<String> = items.iter().map(|item| plain(item.get(), known)).collect();
            format!("[{}]", items.join(", "))
        }
        b'"' => format!("{:?}", serde_json::from_str::<String>(text).unwrap()),
        _ => text.to_owned(),
    }
}

/// Lines as the page writes them, as one text.
fn joined(lines: &Value) -> String {
    assert_eq!(lines["left_out"], 0);
    let parts = lines["parts"].as_array().unwrap().iter();
    let lines = parts.flat_map(|part| part.as_array().unwrap());
    lines.map(|line| line["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_golden_event_shows_the_senders_document() {
    let stub = start(&[]);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/golden");
    let mut names: Vec<String> = fs::read_dir(&golden)
        .unwrap()
        .filter_map(|file| {
            let name = file.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".input.json").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() >= 39, "{} samples", names.len());
    let event_id = "msg_2b3s8fK0golden";
    for name in &names {
        let event = fs::read_to_string(golden.join(format!("{name}.event.json"))).unwrap();
        assert!(event.contains(event_id), "{name}");
        assert_eq!(stub.post(event.replace(event_id, name)).0, 200, "{name}");
    }
    for (name, id) in names.iter().zip(ids(&stub, names.len())) {
        let (status, view) = stub.get(&format!("/requests/{id}/view"));
        assert_eq!(status, 200, "{name}");
        let view: Value = serde_json::from_str(&view).unwrap();
        let sent = fs::read_to_string(golden.join(format!("{name}.input.json"))).unwrap();
        // Some numbers are too large for a tree of serde_json's.
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&sent).unwrap();
        let known: &[&[&str]] = match fields["event_type"].get().trim_matches('"') {
            "labtest.result.ready" | "labtest.result.critical" => &[&EVENT, &DATA[..9], &MARKER],
            "order.completed" | "order.cancelled" => {
                &[&EVENT, &["order_id", "status", "cancellation_reason"]]
            }
            _ => &[&EVENT],
        };
        assert_eq!(plain(&joined(&view["sent"]), known), plain(&sent, known), "{name}");
        let (status, whole) = stub.get(&format!("/requests/{id}/sent"));
        assert_eq!((status, plain(&whole, known)), (200, plain(&sent, known)), "{name}");

        let event = fs::read_to_string(golden.join(format!("{name}.event.json"))).unwrap();
        let event = event.replace(event_id, name);
        assert_eq!(plain(&joined(&view["document"]), &[]), plain(&event, &[]), "{name}");
        let (sent, received) = (&view["sent"]["parts"], &view["document"]["parts"]);
        assert_eq!(sent.as_array().unwrap().len(), received.as_array().unwrap().len(), "{name}");
    }
}
