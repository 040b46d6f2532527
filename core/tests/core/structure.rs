//! The core's modules lie in layers, and each uses only what lies below it.

use std::fs;
use std::path::{Path, PathBuf};

/// From the top; modules of one layer do not use each other.
const LAYERS: &[&[&str]] = &[
    &["port"],
    &["exchange", "metrics"],
    &["report"],
    &["config", "reject"],
    &["event", "repeats"],
    &["document", "signature"],
    &["decimal", "http", "log_budget", "route"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// The modules of this crate that a source names, but for those in its comments.
fn used(source: &str) -> impl Iterator<Item = &str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1)).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_module_uses_only_modules_below_its_own() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut arrows = 0;
    for file in files {
        let place = file.strip_prefix(root).unwrap();
        let own = place.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let source = fs::read_to_string(&file).unwrap();
        if own == "lib" || place.ends_with("tests.rs") {
            continue;
        }
        let rank = layer(own).unwrap_or_else(|| panic!("{own} has no layer"));
        for other in used(&source).filter(|other| *other != own) {
            let below = layer(other).unwrap_or_else(|| panic!("{own} uses crate::{other}"));
            assert!(rank < below, "{}: {own} uses {other}", place.display());
            arrows += 1;
        }
    }
    assert!(arrows > 20, "only {arrows} arrows were read");
}
