//! The golden samples through Envoy: what the upstream gets and stores, digit for digit.

use std::fs;

use serde_json::json;
use test_support::tree::Tree;

use harness::{Request, SECRET, Setup, now, root};

#[test]
fn every_golden_sample_arrives_and_is_stored_digit_for_digit() {
    let strict = Setup::new().start();
    let feed = json!({"unknown_events": "forward", "nulls": "absent"});
    let tolerant = Setup::new().config(&feed).start();
    let mut samples = 0_usize;
    for file in fs::read_dir(root().join("tests/data/golden")).unwrap() {
        let path = file.unwrap().path().to_str().unwrap().to_owned();
        let Some(name) = path.strip_suffix(".input.json") else { continue };
        samples = samples.saturating_add(1);
        let gateway = if name.contains("/feed-") { &tolerant } else { &strict };
        let golden = Tree::parse(&fs::read_to_string(format!("{name}.event.json")).unwrap());
        let id = format!("msg_{samples}");
        let request = Request::signed_with(SECRET, &id, now(), fs::read(&path).unwrap());
        assert_eq!(gateway.send(&request).status, 200, "{name}");
        let event = Tree::parse(gateway.forwarded(&request).body.as_deref().unwrap());
        for (field, expected) in golden.fields() {
            if !["event_id", "sent_at"].contains(&field.as_str()) {
                assert_eq!(event.at(field), expected, "{name}: {field}");
            }
        }
        let stored = Tree::parse(&gateway.upstream.markers_text());
        let of_event = |row: &&Tree| *row.at("event_id") == Tree::Text(id.clone());
        let stored: Vec<_> = stored.items().iter().filter(of_event).cloned().collect();
        let markers = match golden.at("data") {
            Tree::Object(data) => data.get("markers").map_or(&[][..], |markers| markers.items()),
            _ => &[],
        };
        assert_eq!(stored.len(), markers.len(), "{name}");
        for (row, marker) in stored.iter().zip(markers) {
            for (field, expected) in marker.fields() {
                assert_eq!(row.at(field), expected, "{name}: {field}");
            }
        }
    }
    assert!(samples >= 23, "{samples} samples");
}
