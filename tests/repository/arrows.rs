//! Which crates of the workspace use which: hosts use the core, and nothing uses a host.

use std::collections::BTreeMap;
use std::process::Command;

use harness::root;
use serde_json::Value;

use crate::links::read_into;

/// Each member, what it uses of the others, and what its tests use besides.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("bench", &["bench-core", "junction-webhook", "loopback"], &[]),
    ("bench-core", &["junction-webhook"], &[]),
    ("empty-filter", &[], &[]),
    ("floor-filter", &[], &[]),
    ("junction-webhook", &[], &["test-support"]),
    ("junction-webhook-filter", &["junction-webhook"], &[]),
    ("junction-webhook-native", &["junction-webhook"], &[]),
    ("junction-webhook-tool", &["junction-webhook"], &["test-support"]),
    ("loopback", &[], &[]),
    ("manifests", &[], &[]),
    ("page", &[], &["loopback", "tests"]),
    ("test-support", &["junction-webhook"], &[]),
    ("tests", &["loopback", "test-support"], &[]),
    // Shares no code with the filter, so that both can be held against each other.
    ("upstream-mock", &[], &["loopback"]),
    ("xtask", &["loopback"], &[]),
];

#[test]
fn every_member_of_the_workspace_uses_those_that_it_may() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let (mut uses, mut tests_use) = (Vec::new(), Vec::new());
        for used in package["dependencies"].as_array().unwrap() {
            // Those of the workspace are the ones that lie at a path.
            if used["path"].is_string() {
                let name = used["name"].as_str().unwrap();
                if used["kind"] == "dev" { &mut tests_use } else { &mut uses }.push(name);
            }
        }
        uses.sort_unstable();
        tests_use.sort_unstable();
        found.insert(package["name"].as_str().unwrap(), (uses, tests_use));
    }
    let allowed: BTreeMap<_, _> = ARROWS
        .iter()
        .map(|(name, uses, tests_use)| (*name, (uses.to_vec(), tests_use.to_vec())))
        .collect();
    assert_eq!(found, allowed);
}

/// The tool's other commands judge by the core.
#[test]
fn the_stub_and_what_signs_for_send_share_no_code_with_the_filter() {
    let mut sources = Vec::new();
    for directory in ["upstream-mock/src", "tool/src/send"] {
        read_into(&mut sources, &root().join(directory));
    }
    assert!(sources.len() > 10, "only {} files were read", sources.len());
    for (path, text) in sources {
        for shared in ["junction_webhook::", "core/src"] {
            assert!(!text.contains(shared), "{} has {shared}", path.display());
        }
    }
}
