//! No spelling of a path slips past: what a common upstream would route to the endpoint is guarded.
//!
//! Over generated targets, against models of upstreams; `tests/proof/bypass.rs` sends a table of
//! spellings through a real Envoy.

use std::cell::Cell;

use junction_webhook::route::{Route, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use test_support::routers::{BEYOND, GUARDED_FOR};

const PATH: &str = "/v1/webhooks/junction";

/// A walk to the endpoint, with detours, in any spelling, and with or without an authority.
pub(crate) fn targets() -> impl Strategy<Value = Vec<u8>> {
    let slash = prop::sample::select(vec![
        "/", "/", "/", "/", "//", "/./", "\\", "%2f", "%2F", "%5c", "%5C", "/%2e/", "/;/",
    ]);
    let name = |letters: &'static str| {
        prop::collection::vec(0..16u8, letters.len()).prop_map(move |forms| {
            let spelled = letters.bytes().zip(forms).map(|(letter, form)| match form {
                0 => format!("%{letter:02x}"),
                1 => format!("%{letter:02X}"),
                _ => char::from(letter).to_string(),
            });
            spelled.collect::<Vec<_>>().concat()
        })
    };
    let detour = (
        prop::sample::select(vec![
            "a", "", ".", "..", "%2e%2e", "a%2fb", "a\\b", "a%5cb", "..;", "a;b", "...", "%", "%2",
            "%00",
        ]),
        slash.clone(),
        prop::sample::select(vec!["..", "..", "%2e%2e", ".%2e", "%2E.", "."]),
        slash.clone(),
    )
        .prop_map(|(into, there, back, on)| [into, there, back, on].concat());
    let detours = move || prop::collection::vec(detour.clone(), 0..2).prop_map(|all| all.concat());
    let end =
        prop::sample::select(vec!["", "", "", "/", "//", "/.", "?a", "#a", "%3f", ";x", ".json"]);
    let authority = prop_oneof![
        3 => Just(""),
        1 => prop::sample::select(vec![
            "//x", "/\\x", "\\/x:1", "///x", "//\\x", "//x\\y", "//u@x", "//..",
        ]),
    ];
    let start = (authority, slash.clone()).prop_map(|(host, on)| [host, on].concat());
    let parts = (
        start,
        detours(),
        name("v1"),
        slash.clone(),
        detours(),
        name("webhooks"),
        slash,
        detours(),
        name("junction"),
        end,
    );
    parts.prop_map(|(a, b, c, d, e, f, g, h, i, j)| {
        [&a, &b, &c, d, &e, &f, g, &h, &i, j].concat().into_bytes()
    })
}

#[test]
fn whatever_a_common_upstream_takes_for_the_endpoint_is_guarded() {
    let (taken, unguarded) = (Cell::new(0_u32), Cell::new(0_u32));
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = config.cases.max(5_000);
    TestRunner::new(Config { cases, ..config })
        .run(&targets(), |target| {
            let is_guarded = Route::default().classify(&target) == Target::Guarded;
            for router in GUARDED_FOR {
                if router.takes(&target, PATH) {
                    taken.set(taken.get() + 1);
                    prop_assert!(is_guarded, "{} takes {}", router.name, target.escape_ascii());
                }
            }
            unguarded.set(unguarded.get() + u32::from(!is_guarded));
            Ok(())
        })
        .unwrap();
    assert!(taken.get() > cases / 10 && unguarded.get() > cases / 20, "{taken:?}, {unguarded:?}");
    test_support::figures::record(
        "20-bypass-models",
        &format!("{cases} generated targets, read as {} kinds of upstream do", GUARDED_FOR.len()),
        &format!(
            "{} readings lead to the endpoint, 0 of them past the filter; {} targets left alone",
            taken.get(),
            unguarded.get()
        ),
    );
}

/// `SECURITY.md` tells of these; what closes one of them must take it out of there too.
#[test]
fn what_the_normal_form_does_not_cover_is_known() {
    for (router, target) in [
        ("ignores case", "/V1/Webhooks/Junction"),
        ("drops path parameters", "/v1/webhooks/junction;a=b"),
        ("drops path parameters", "/v1/webhooks/a/..;/junction"),
        ("decodes twice", "/v1/webhooks/%256aunction"),
        ("drops a format", "/v1/webhooks/junction.json"),
    ] {
        let model = BEYOND.iter().find(|model| model.name == router).unwrap();
        assert!(model.takes(target.as_bytes(), PATH), "{router}: {target}");
        let read = Route::default().classify(target.as_bytes());
        assert_eq!(read, Target::Unguarded, "{router}: {target}");
    }
}
