//! Fields of Envoy's that are given in both spellings that protobuf's JSON knows.
//!
//! Envoy takes one of the two, and nothing in the file says which: in the order of the text or of a
//! map, by its release. So no reading of such a file is the right one.

use crate::{
    check::{
        finding::{Findings, Level, Words},
        surroundings::Surroundings,
    },
    yaml::{Key, Node, camel_case},
};

const PAGE: &str = "docs/tool.md#what-is-looked-at";
/// Maps of Envoy's, whose keys are names of any kind.
const MAPS: [&str; 4] =
    ["key_values", "allowed_capabilities", "typed_per_filter_config", "filter_metadata"];

/// A field in both spellings, and where the later one is.
pub(super) struct Double<'t> {
    file: &'t str,
    line: usize,
    first: &'t str,
    second: &'t str,
}

/// Says of each such field that it is one.
pub(super) fn look(surroundings: &Surroundings<'_>, findings: &mut Findings<'_>) {
    for Double { file, line, first, second } in surroundings.doubles() {
        let words = Words {
            field: second,
            problem: format!(
                "is the same field as {first}, which is there as well: Envoy takes one of them \
                 alone, which need not be the one that a reader sees"
            ),
            remedy: "keep one of the two",
            page: PAGE,
        };
        findings.add_in(file, Level::Error, *line, words);
    }
}

/// The fields of a document that are given in both spellings.
pub(super) fn doubles<'t>(file: &'t str, document: &'t Node) -> Vec<Double<'t>> {
    let mut all = Vec::new();
    if document.get("apiVersion").is_some() {
        collect_patches(file, document, &mut all);
    } else {
        collect(file, document, &mut all);
    }
    all
}

/// What a manifest of Kubernetes has of Envoy's: the values of patches. Its other fields have one
/// spelling, and some are maps with keys of any kind.
fn collect_patches<'t>(file: &'t str, node: &'t Node, all: &mut Vec<Double<'t>>) {
    let is_patch = ["op", "operation"].iter().any(|key| node.get(key).is_some());
    match node.get("value").filter(|_| is_patch) {
        Some(value) => collect(file, value, all),
        None => node.children().for_each(|child| collect_patches(file, child, all)),
    }
}

fn collect<'t>(file: &'t str, node: &'t Node, all: &mut Vec<Double<'t>>) {
    let keys = node.keys();
    for snake in keys.iter().filter(|key| key.text.contains('_')) {
        let camel = camel_case(&snake.text);
        if let Some(other) = keys.iter().find(|key| key.text == camel) {
            let (first, second) =
                if snake.line <= other.line { (*snake, *other) } else { (*other, *snake) };
            all.push(Double { file, line: second.line, first: &first.text, second: &second.text });
        }
    }
    let kind = node.get("@type").and_then(Node::text).unwrap_or_default();
    // Its fields are the filter's or anybody's.
    if kind.ends_with("google.protobuf.Struct") {
        return;
    }
    node.items().iter().for_each(|item| collect(file, item, all));
    for (Key { text, .. }, value) in node.entries() {
        if MAPS.iter().any(|map| text == map || *text == camel_case(map)) {
            value.children().for_each(|child| collect(file, child, all));
        } else {
            collect(file, value, all);
        }
    }
}
