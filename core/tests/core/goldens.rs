//! Golden samples: what the published meaning of each rule comes to, byte for byte.
//!
//! Each `NAME.input.json` in `tests/data/golden` is a sender's document, `NAME.event.json` its
//! normalised event, one field a line. Names that begin with `feed-` are for the rules that
//! Junction's whole feed wants; the others come to the same under either. `UPDATE_GOLDEN=1` writes
//! the events anew: then read the difference.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use junction_webhook::document::{self, Document, Nulls, Rules, UnknownEvents};
use junction_webhook::event::time;
use junction_webhook::event::{Envelope, normalise};

const FEED: Rules = Rules { unknown_events: UnknownEvents::Forward, nulls: Nulls::Absent };

#[test]
fn every_sample_has_its_event_byte_for_byte() {
    let inputs = inputs();
    assert!(inputs.len() >= 23, "{} samples", inputs.len());
    for input in inputs {
        let sent = fs::read_to_string(&input).unwrap();
        let read = |rules| document::read(sent.as_bytes(), rules);
        let Ok(Document::Event(event)) = read(FEED) else {
            panic!("{}: not a valid document", input.display());
        };
        let envelope = Envelope {
            event_id: "msg_2b3s8fK0golden",
            verified_by: "svix",
            sent_at: time::from_unix(1_795_000_000, None),
        };
        let normalised = String::from_utf8(normalise(&event, &envelope, sent.len())).unwrap();
        test_support::contract::assert_valid(&normalised);
        match read(Rules::default()) {
            Ok(Document::Event(event)) if !is_of_feed(&input) => {
                let strict = normalise(&event, &envelope, sent.len());
                assert_eq!(String::from_utf8(strict).unwrap(), normalised);
            }
            Err(_) if is_of_feed(&input) => {}
            other => panic!("{}: {other:?}", input.display()),
        }
        let found = test_support::pretty::pretty(&normalised);
        let golden = golden(&input);
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(found, expected, "{}", golden.display());
    }
}

#[test]
fn every_event_has_its_sample() {
    let goldens: Vec<_> = inputs().iter().map(|input| golden(input)).collect();
    let events: Vec<_> =
        files().filter(|path| path.to_str().unwrap().ends_with(".event.json")).collect();
    assert_eq!(events.len(), goldens.len());
    for event in events {
        assert!(goldens.contains(&event), "{}", event.display());
    }
}

fn inputs() -> Vec<PathBuf> {
    let mut inputs: Vec<_> =
        files().filter(|path| path.to_str().unwrap().ends_with(".input.json")).collect();
    inputs.sort();
    inputs
}

fn is_of_feed(input: &Path) -> bool {
    input.file_name().unwrap().to_str().unwrap().starts_with("feed-")
}

fn golden(input: &Path) -> PathBuf {
    input.to_str().unwrap().replace(".input.json", ".event.json").into()
}

fn files() -> impl Iterator<Item = PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/golden");
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path())
}
