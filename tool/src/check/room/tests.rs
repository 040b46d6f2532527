//! The room that is recommended, and that everything here gives the same.

use std::fs;

use super::*;
use crate::plugin::File;

const ROOT: &str = concat!(std::env!("CARGO_MANIFEST_DIR"), "/..");

/// What stands behind each of these words in a file, up to the end of the number.
fn numbers(path: &str, word: &str) -> Vec<u64> {
    let text = fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
    let after = text.split(word).skip(1);
    let digits = after.map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next());
    digits.map(|digits| digits.unwrap().parse().unwrap()).collect()
}

#[test]
fn what_is_recommended_for_the_default_is_what_is_committed_and_written() {
    const DEFAULT: u64 = 33_554_432;
    assert_eq!(recommended(1024 * 1024), DEFAULT);
    for path in [
        "envoy.yaml",
        "envoy-native.yaml",
        "deploy/envoy-xds/listeners.yaml",
        "deploy/istio/envoyfilter.yaml",
        "deploy/istio-native/envoyfilter.yaml",
    ] {
        assert_eq!(numbers(path, "request_body_buffer_limit: "), [DEFAULT], "{path}");
    }
    let patches = fs::read_to_string(format!("{ROOT}/deploy/envoy-gateway/envoypatchpolicy.yaml"));
    let (_, patch) = patches.as_ref().unwrap().split_once("/request_body_buffer_limit\n").unwrap();
    assert!(patch.trim_start().starts_with(&format!("value: {DEFAULT}\n")), "{patch}");
    let policy =
        fs::read_to_string(format!("{ROOT}/deploy/envoy-gateway-native/clienttrafficpolicy.yaml"));
    assert!(policy.unwrap().contains("bufferLimit: 32Mi"));
    assert_eq!(numbers("docs/envoy.md", "max_request_bytes: "), [DEFAULT]);
    assert_eq!(numbers("docs/envoy.md", "`initial_connection_window_size` to "), [DEFAULT]);
}

#[test]
fn what_is_recommended_holds_the_longest_event_and_not_more_than_twice_that() {
    for (body, room) in [
        (1, 32),
        (262_144, 8_388_608),
        (1_048_576, 33_554_432),
        (1_677_721, 33_554_432),
        (1_677_722, 67_108_864),
        (8_388_608, 268_435_456),
    ] {
        assert_eq!(recommended(body), room, "{body}");
        let event = body * 20;
        assert!((event..2 * event).contains(&room), "{body}");
    }
    assert_eq!(recommended(u64::MAX), u64::MAX);
}

/// A field that is there and too low, and one that is in none of the files.
#[test]
fn every_finding_about_room_recommends_the_same() {
    let of = |path: &str, edits: &[(&str, &str)]| {
        let text = fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
        let text = edits.iter().fold(text, |text, (that, this)| {
            assert_eq!(text.matches(that).count(), 1, "{path}: {that}");
            text.replace(that, this)
        });
        let files = [File::from_bytes(path, text.into_bytes()).unwrap()];
        let surroundings = Surroundings::of(&files);
        let sites = files[0].sites();
        let findings = crate::check::check(&sites[0], &surroundings, false).findings;
        let remedies = findings.into_iter().filter(|found| found.page == PAGE);
        remedies.map(|found| (found.level, found.field, found.remedy)).collect::<Vec<_>>()
    };
    let longer = (r#""max_body_bytes": 1048576"#, r#""max_body_bytes": 8388608"#);
    let remedy = "set request_body_buffer_limit: 268435456 or more on the virtual host, or a lower \
                  max_body_bytes";
    assert_eq!(
        of("envoy-native.yaml", &[longer]),
        [(Level::Warning, BUFFER_LIMIT.to_owned(), remedy.to_owned())]
    );
    let patch = ("virtual_hosts/0/request_body_buffer_limit", "virtual_hosts/0/other");
    assert_eq!(
        of("deploy/envoy-gateway/envoypatchpolicy.yaml", &[longer, patch]),
        [(Level::Note, BUFFER_LIMIT.to_owned(), remedy.to_owned())]
    );
    assert_eq!(
        remedy_of("max_request_bytes", 1),
        "set max_request_bytes: 1 or more, or a lower max_body_bytes"
    );
}
