//! `docs/normalised-event.md` shows what the code does.

use junction_webhook::document::{self, Document, Rules};
use junction_webhook::event::{Envelope, normalise};

use test_support::tree::Tree;

const PAGE: &str = include_str!("../../../../docs/normalised-event.md");

#[test]
fn every_example_of_a_marker_becomes_what_the_page_says() {
    let (sent, becomes) = (blocks("```json sent\n"), blocks("```json becomes\n"));
    assert_eq!((sent.len(), becomes.len()), (2, 2));
    for (sent, becomes) in sent.into_iter().zip(becomes) {
        assert_eq!(marker(sent), Tree::parse(becomes));
    }
}

#[test]
fn every_row_of_examples_becomes_what_the_page_says() {
    let mut rows = [0_u32; 4];
    for (table, count) in blocks("| sent | becomes |\n| --- | --- |\n").into_iter().zip(&mut rows) {
        for row in table.lines().take_while(|line| line.starts_with('|')) {
            let cells: Vec<_> = row.split('`').collect();
            let [_, sent, _, becomes, _] = cells[..] else { panic!("no two cells: {row}") };
            let marker = marker(&format!(r#"{{"name":"a",{sent}}}"#));
            for (field, expected) in Tree::parse(&format!("{{{becomes}}}")).fields() {
                assert_eq!(marker.at(field), expected, "{row}");
            }
            *count += 1;
        }
    }
    assert_eq!(rows, [11, 14, 9, 3], "units, values, interpretations, times");
}

/// What becomes of a marker.
fn marker(sent: &str) -> Tree {
    let document =
        format!(r#"{{"event_type":"labtest.result.ready","data":{{"markers":[{sent}]}}}}"#);
    let Ok(Document::Event(event)) = document::read(document.as_bytes(), Rules::default()) else {
        panic!("not valid: {sent}");
    };
    let envelope = Envelope { event_id: "msg_1", verified_by: "svix", sent_at: None };
    let normalised = String::from_utf8(normalise(&event, &envelope, 0)).unwrap();
    Tree::parse(&normalised).at("data").at("markers").items()[0].clone()
}

fn blocks(fence: &str) -> Vec<&'static str> {
    PAGE.split(fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}
