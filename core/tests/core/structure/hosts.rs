//! A host translates and decides nothing: what it may name of the core holds no verdict.

use std::collections::BTreeMap;

use super::{Place, modules_in, used_of};

/// What a host may use: how it is configured, the calls that it serves and their data.
const PORT: &[&[&str]] = &[
    &["config"],
    &["exchange", "Forward"],
    &["http"],
    &["metrics"],
    &["port"],
    &["reject", "Answer"],
    &["repeats"],
];

/// Each host with the name by which it calls the core.
const HOSTS: [(&str, &str); 2] = [
    (concat!(env!("CARGO_MANIFEST_DIR"), "/../src"), "junction_webhook"),
    (concat!(env!("CARGO_MANIFEST_DIR"), "/../native/src"), "webhook"),
];

/// Its modules but those that stand in for Envoy.
fn modules_of(host: &str) -> BTreeMap<Place, String> {
    let mut modules = modules_in(host);
    modules.retain(|place, _| !place.iter().any(|name| name == "fake" || name == "driven"));
    modules
}

#[test]
fn a_host_names_nothing_of_the_core_that_decides() {
    for (host, core) in HOSTS {
        let mut uses = 0;
        for (place, code) in modules_of(host) {
            for used in used_of(core, &code) {
                let is_port = PORT.iter().any(|own| {
                    let mut names = used.iter().map(String::as_str);
                    own.iter().all(|name| names.next() == Some(name))
                });
                assert!(is_port, "{place:?} of {host} uses {}", used.join("::"));
                uses += 1;
            }
        }
        assert!(uses > 10, "only {uses} uses were read in {host}");
    }
}

#[test]
fn a_host_picks_no_series_and_makes_no_answer() {
    for (host, _) in HOSTS {
        for (place, code) in modules_of(host) {
            for (start, name) in code.match_indices("Series::") {
                let next = code[start + name.len()..].chars().next().unwrap();
                assert!(next.is_ascii_lowercase(), "{place:?} of {host} names a series");
            }
            for made in ["Answer::", "Answer {"] {
                assert!(!code.contains(made), "{place:?} of {host} makes an answer");
            }
        }
    }
}

#[test]
fn a_host_logs_the_cores_words_alone() {
    for (host, _) in HOSTS {
        let mut calls = 0;
        for (_, code) in modules_of(host) {
            for (start, _) in code.match_indices("log") {
                let call = &code[start..];
                let wording = ["log(Level::Warning, ", "log(Level::Error, "]
                    .into_iter()
                    .chain(["log::warn!(", "log::error!(", "log::info!("])
                    .find_map(|call_of| call.strip_prefix(call_of));
                if let Some(wording) = wording {
                    let is_the_cores =
                        ["line)", "\"{line}\")"].iter().any(|own| wording.starts_with(own));
                    assert!(is_the_cores, "{host}: {}", wording.lines().next().unwrap());
                    calls += 1;
                }
            }
        }
        assert_eq!(calls, 2, "a warning and an error: {host}");
    }
}
