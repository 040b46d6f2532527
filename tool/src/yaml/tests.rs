//! Lines, the types of scalars, and what is refused.

use std::fmt::Write as _;

use serde_json::json;

use super::*;

fn one(text: &str) -> Node {
    let mut documents = read(text, 1).unwrap();
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn refused(text: &str) -> String {
    read(text, 1).err().unwrap().to_string()
}

#[test]
fn every_value_has_its_line() {
    let documents = read("a: 1\nb:\n  - x\n  - { c: y }\n---\nd: z\n", 1).unwrap();
    let [first, second] = &documents[..] else { panic!("two documents") };
    assert_eq!(first.get("a").unwrap().line, 1);
    let [x, c] = first.get("b").unwrap().items() else { panic!("two items") };
    assert_eq!((x.line, c.entry("c").unwrap().0.line), (3, 4));
    assert_eq!(second.get("d").unwrap().line, 6);
    // As part of a file.
    assert_eq!(read("a: 1\nb: 2\n", 10).unwrap()[0].get("b").unwrap().line, 11);
}

#[test]
fn a_literal_block_knows_its_first_line_whatever_blank_lines_it_begins_with() {
    let first = |text: &str| one(text).get("a").unwrap().scalar().unwrap().first_line;
    assert_eq!(first("a: |\n  x\n  y\n"), Some(2));
    assert_eq!(first("a: |-\n\n\n  x\n"), Some(2));
    assert_eq!(first("b: 1\na:   |  # why\n  x\n"), Some(3));
    // Lines of these are not lines of the text.
    for text in ["a: >\n  x\n", "a: 'x'\n", "a: \"x\\ny\"\n", "a: x\n"] {
        assert_eq!(first(text), None, "{text}");
    }
}

#[test]
fn scalars_have_the_types_that_envoy_gives_them() {
    let text = "[1, -2, 0x1F, true, yes, off, null, ~, , 1.5, '1', \"true\", x, !!str 1, 1_000]";
    let types = json!([
        1, -2, 31, true, true, false, null, null, null, "1.5", "1", "true", "x", "1", "1_000"
    ]);
    assert_eq!(one(&text.replace(", ,", ", null,")).json(), types);
}

#[test]
fn merges_anchors_and_both_spellings_of_a_field_are_understood() {
    let text = "x: &x { a: 1, b: 1 }\ny: { <<: *x, b: 2 }\nmaxBytes: 3\n";
    let node = one(text);
    assert_eq!(node.get("y").unwrap().json(), json!({"a": 1, "b": 2}));
    assert_eq!(node.at("y.a").and_then(Node::as_u64), Some(1));
    assert_eq!(node.field("max_bytes").and_then(Node::as_u64), Some(3));
}

#[test]
fn json_is_read_with_its_tabs_escapes_and_surrogates() {
    let text = "{\n\t\"a\":\t\"\\ud83d\\ude00\\/\\\\ud83d\",\n\t\"b\": [\t1 ]\n}\n";
    let node = one(text);
    assert_eq!(node.json(), json!({"a": "\u{1f600}/\\ud83d", "b": [1]}));
    assert_eq!(node.get("b").unwrap().line, 3);
}

#[test]
fn what_is_without_bound_or_doubtful_is_refused_with_its_line() {
    assert_eq!(refused("a: 1\nb: 2\na: 3\n"), "line 3: a key is given twice");
    assert_eq!(refused("a: 1\n[b]: 2\n"), "line 2: a key that is no text");
    assert!(refused("a: [\n").starts_with("line 2: not valid YAML: "));
    let nested = |levels: usize| format!("{}1", "- ".repeat(levels));
    assert!(read(&nested(reading::MAX_DEPTH), 1).is_ok());
    assert_eq!(refused(&nested(reading::MAX_DEPTH + 1)), "line 1: nested deeper than 128 levels");
    let mut bomb = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*l{}", level - 1); 10].join(", ");
        writeln!(bomb, "l{level}: &l{level} [{aliases}]").unwrap();
    }
    assert!(refused(&bomb).ends_with("more than 1000000 values"));
    // No key is in a message: somebody may have put a secret in its place.
    assert!(!refused("whsec_canary: 1\nwhsec_canary: 2\n").contains("canary"));
}
