//! The core's modules lie in layers, and no two modules beside each other use each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

mod hosts;
mod purity;

/// From the top; modules of one layer do not use each other.
const LAYERS: &[&[&str]] = &[
    &["port"],
    &["exchange", "metrics"],
    &["report"],
    &["config", "reject"],
    &["event", "repeats"],
    &["document", "signature"],
    &["http", "json", "log_budget", "route"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// A module's place in the crate: `["document", "read"]`.
type Place = Vec<String>;

/// The code of a source without its comments and its tests.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The places of this crate that a module's code names, each with as much behind it as is spelled.
fn used(own: &[String], code: &str) -> Vec<Place> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices(|c: char| c.is_ascii_lowercase()) {
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        if code[..start].ends_with(goes_on) {
            continue;
        }
        let (mut base, mut rest) = (own.to_vec(), &code[start..]);
        if let Some(path) = rest.strip_prefix("crate::") {
            (base, rest) = (Vec::new(), path);
        } else if let Some(path) = rest.strip_prefix("self::") {
            rest = path;
        } else if rest.starts_with("super::") {
            while let Some(path) = rest.strip_prefix("super::") {
                base.pop();
                rest = path;
            }
        } else {
            continue;
        }
        take_tree(&base, rest, &mut found);
    }
    found
}

/// Reads the path or tree of paths at the start of `text`, and gives what follows it.
fn take_tree<'t>(base: &[String], text: &'t str, found: &mut Vec<Place>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut inside) = text.strip_prefix('{') {
        loop {
            inside = take_tree(base, inside, found).trim_start();
            match inside.strip_prefix(',') {
                Some(next) if !next.trim_start().starts_with('}') => inside = next,
                next => return next.unwrap_or(inside).trim_start().trim_start_matches('}'),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let place = [base, &[name.to_owned()]].concat();
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => take_tree(&place, rest, found),
        _ => {
            found.push(place);
            rest
        }
    }
}

/// The places of another crate that code names, each with as much behind it as is spelled.
fn used_of(krate: &str, code: &str) -> Vec<Place> {
    let (prefix, mut found) = (format!("{krate}::"), Vec::new());
    for (start, _) in code.match_indices(&prefix) {
        if !code[..start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            take_tree(&[], &code[start + prefix.len()..], &mut found);
        }
    }
    found
}

/// Every module of the core by its place, with its code.
fn modules() -> BTreeMap<Place, String> {
    modules_in(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

/// Every module below a directory.
fn modules_in(root: &str) -> BTreeMap<Place, String> {
    fn visit(root: &Path, directory: &Path, found: &mut BTreeMap<Place, String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let own = path.strip_prefix(root).unwrap().with_extension("");
                let place: Place = own.iter().map(|name| name.to_str().unwrap().into()).collect();
                if !["lib", "tests"].map(str::to_owned).iter().any(|name| place.contains(name)) {
                    found.insert(place, code(&fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    let root = Path::new(root);
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

#[test]
fn every_module_uses_only_modules_below_its_own() {
    let mut arrows = 0;
    for (place, code) in modules() {
        let own = place.first().unwrap();
        let rank = layer(own).unwrap_or_else(|| panic!("{own} has no layer"));
        for other in used(&place, &code).iter().map(|other| &other[0]).filter(|other| *other != own)
        {
            let below = layer(other).unwrap_or_else(|| panic!("{own} uses crate::{other}"));
            assert!(rank < below, "{place:?} uses {other}");
            arrows += 1;
        }
    }
    assert!(arrows > 40, "only {arrows} arrows were read");
}

#[test]
fn no_modules_beside_each_other_use_each_other_in_a_circle() {
    let modules = modules();
    // By the room that they are in: who of its modules uses whom.
    let mut rooms: BTreeMap<&[String], BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for (place, code) in &modules {
        for other in used(place, code) {
            let shared = place.iter().zip(&other).take_while(|(own, other)| own == other).count();
            let (Some(own), true) = (place.get(shared), modules.contains_key(&other[..=shared]))
            else {
                continue;
            };
            let room = rooms.entry(&place[..shared]).or_default();
            room.entry(own).or_default().insert(other[shared].clone());
        }
    }
    let arrows: usize = rooms.values().flat_map(BTreeMap::values).map(BTreeSet::len).sum();
    assert!(arrows > 60, "only {arrows} arrows were read");
    for (room, mut uses) in rooms {
        // Whoever uses none of those left is in no circle.
        while let Some(&leaf) = uses.keys().find(|own| {
            uses[**own].iter().all(|other| other == **own || !uses.contains_key(other.as_str()))
        }) {
            uses.remove(leaf);
        }
        assert!(uses.is_empty(), "in {room:?}: {uses:?}");
    }
}

#[test]
fn paths_are_read_from_code_as_the_compiler_reads_them() {
    let own = ["a", "b"].map(str::to_owned);
    let read =
        |code: &str| used(&own, code).iter().map(|place| place.join("::")).collect::<Vec<_>>();
    assert_eq!(
        read("use crate::x::{self, y, z::{T, U},}; x::y"),
        ["x::self", "x::y", "x::z::T", "x::z::U"]
    );
    assert_eq!(read("super::f(super::super::g, self::h)"), ["a::f", "g", "a::b::h"]);
    assert_eq!(read("use std::x; not_crate::y::crate::z"), [""; 0]);
    let of_std = used_of("std", "use std::{fs, time::{self, X}}; ::std::y(my_std::z)");
    let of_std: Vec<_> = of_std.iter().map(|place| place.join("::")).collect();
    assert_eq!(of_std, ["fs", "time::self", "time::X", "y"]);
}
