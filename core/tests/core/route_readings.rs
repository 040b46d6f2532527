//! The guard reads a path in sixteen ways at once, and each comes to what it comes to alone.

use std::cell::Cell;

use junction_webhook::route::{MAX_DOTTED_BYTES, Route, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::{bypass, route_model};

/// Few different parts, so that they meet: every separator, every dot segment, names of the routes.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "/", "/", "/", "/", "\\", "%2f", "%2F", "%5c", "%5C", ".", ".", "..", "..", "..", "%2e",
        "%2E", "%2e%2e", ".%2e", "%2e.", "a", "a", "b", "%61", "%62", "c", "%", "%2", "%252e",
        "//", "/../", "/a", "/b", "?", "#",
    ]);
    let start = prop::sample::select(vec!["/", "/", "//", "//h/", "/\\h\\", "", "\\"]);
    (start, prop::collection::vec(part, 0..14))
        .prop_map(|(start, parts)| [start, &parts.concat()].concat().into_bytes())
}

#[test]
fn every_target_is_read_as_each_reading_has_it() {
    let routes = ["/", "/a", "/a/b", "/a/b/a", "/v1/webhooks/junction"]
        .map(|path| (path, Route::new(path).unwrap()));
    let (guarded, dotted) = (Cell::new(0_u32), Cell::new(0_u32));
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = config.cases.max(5_000);
    TestRunner::new(Config { cases, ..config })
        .run(&prop_oneof![4 => soup(), 1 => bypass::targets()], |target| {
            for (path, route) in &routes {
                let expected = if route_model::guards(path, &target) {
                    guarded.set(guarded.get() + 1);
                    Target::Guarded
                } else {
                    Target::Unguarded
                };
                let read = route.classify(&target);
                prop_assert_eq!(read, expected, "{}: {}", path, target.escape_ascii());
            }
            dotted.set(dotted.get() + u32::from(route_model::dotted_length(&target).is_some()));
            Ok(())
        })
        .unwrap();
    assert!(guarded.get() > cases / 4 && dotted.get() > cases / 4, "{guarded:?}, {dotted:?}");
    test_support::figures::record(
        "21-route-readings",
        &format!("{cases} generated targets, read in sixteen ways at once and in each way alone"),
        &format!(
            "the same for {} routes; {} of the readings lead to one, {} targets have dot segments",
            routes.len(),
            guarded.get(),
            dotted.get()
        ),
    );
}

#[test]
fn a_target_is_too_long_where_its_path_has_dots_and_more_bytes_than_the_bound() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = config.cases.clamp(250, 20_000);
    // Up to the length where half of all is above the bound.
    let long = (soup(), 1_usize..2 * MAX_DOTTED_BYTES, soup()).prop_map(|(part, length, end)| {
        let repeat = length / part.len().max(1);
        [part.repeat(repeat), end].concat()
    });
    let (too_long, read) = (Cell::new(0_u32), Cell::new(0_u32));
    let route = Route::new("/a/b").unwrap();
    TestRunner::new(Config { cases, ..config })
        .run(&long, |target| {
            let length = route_model::dotted_length(&target);
            let expected = if length.is_some_and(|length| length > MAX_DOTTED_BYTES) {
                too_long.set(too_long.get() + 1);
                Target::TooLong
            } else if route_model::guards("/a/b", &target) {
                Target::Guarded
            } else {
                read.set(read.get() + u32::from(length.is_some()));
                Target::Unguarded
            };
            prop_assert_eq!(route.classify(&target), expected, "{}", target.escape_ascii());
            Ok(())
        })
        .unwrap();
    assert!(too_long.get() > cases / 50 && read.get() > cases / 50, "{too_long:?}, {read:?}");
}
