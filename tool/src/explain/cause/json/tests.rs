use super::*;
use crate::explain::cause::work::Work;

const PLAIN: Style = style(Space::None, Escapes::None);
const KEPT: Order = Order { numbers: Numbers::Kept, is_sorted: false };

const fn style(space: Space, escapes: Escapes) -> Style {
    Style { order: KEPT, space, escapes }
}

const fn numbered(numbers: Numbers) -> Style {
    Style { order: Order { numbers, is_sorted: false }, ..PLAIN }
}

fn read(text: &[u8]) -> Option<Tree<'_>> {
    Tree::read(text, &mut Work::of(usize::MAX)).unwrap()
}

fn rewrite(text: &str, style: Style) -> String {
    let mut work = Work::of(usize::MAX);
    let mut tree = read(text.as_bytes()).unwrap();
    tree.put_into(style.order, &mut work).unwrap();
    String::from_utf8(write(&tree, style, usize::MAX, &mut work).unwrap().unwrap()).unwrap()
}

/// The expectations are by Python's `json.dumps`, Node's `JSON.stringify`, PHP's `json_encode` and
/// Go's `json.Marshal`.
#[test]
fn writes_as_other_languages_do() {
    let text = "{ \"b\" : [1, 2.50, {}, [] ],\n\"a\":\"\\u00e9/<\\n\\ud83d\\ude00\"}";
    let sorted = Order { is_sorted: true, ..KEPT };
    for (style, expected) in [
        (PLAIN, "{\"b\":[1,2.50,{},[]],\"a\":\"é/<\\n😀\"}"),
        (
            style(Space::Spaced, Escapes::Ascii),
            "{\"b\": [1, 2.50, {}, []], \"a\": \"\\u00e9/<\\n\\ud83d\\ude00\"}",
        ),
        (
            style(Space::None, Escapes::AsciiAndSlash),
            "{\"b\":[1,2.50,{},[]],\"a\":\"\\u00e9\\/<\\n\\ud83d\\ude00\"}",
        ),
        (
            Style { order: sorted, ..style(Space::None, Escapes::Html) },
            "{\"a\":\"é/\\u003c\\n😀\",\"b\":[1,2.50,{},[]]}",
        ),
        (
            Style { space: Space::Indented(2), ..numbered(Numbers::Short) },
            "{\n  \"b\": [\n    1,\n    2.5,\n    {},\n    []\n  ],\n  \"a\": \"é/<\\n😀\"\n}",
        ),
        (
            style(Space::Tabbed, Escapes::None),
            "{\n\t\"b\": [\n\t\t1,\n\t\t2.50,\n\t\t{},\n\t\t[]\n\t],\n\t\"a\": \"é/<\\n😀\"\n}",
        ),
    ] {
        assert_eq!(rewrite(text, style), expected, "{style:?}");
    }
}

#[test]
fn shortens_numbers_as_javascript_does_or_leaves_them() {
    for (token, expected) in [
        ("1.0", "1"),
        ("100.20", "100.2"),
        ("1e2", "100"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("0.1", "0.1"),
        ("-17", "-17"),
        ("999999999999999", "999999999999999"),
        ("123456789012345678", "123456789012345680"),
        ("1e21", "1e21"),
        ("1E-7", "1E-7"),
        ("true", "true"),
        ("null", "null"),
    ] {
        assert_eq!(rewrite(token, numbered(Numbers::Short)), expected);
        assert_eq!(rewrite(token, PLAIN), token);
    }
}

/// The expectations are by Python's `json.dumps` of `float`, and of `Decimal` with so many places.
#[test]
fn lengthens_numbers_to_so_many_decimals_or_leaves_them() {
    for (token, one, two) in [
        ("5", "5.0", "5.00"),
        ("-5", "-5.0", "-5.00"),
        ("0", "0.0", "0.00"),
        ("100.2", "100.2", "100.20"),
        ("100.20", "100.20", "100.20"),
        ("1.234", "1.234", "1.234"),
        ("123456789012345", "123456789012345.0", "123456789012345.00"),
        ("1234567890123456", "1234567890123456", "1234567890123456"),
        ("1e2", "1e2", "1e2"),
        ("true", "true", "true"),
        ("\"5\"", "\"5\"", "\"5\""),
    ] {
        let rewrite =
            |least| rewrite(token, numbered(Numbers::Decimals { least, everywhere: true }));
        assert_eq!([rewrite(1).as_str(), &rewrite(2)], [one, two], "{token}");
    }
    let text = r#"{"count":1,"value":1,"a":{"min_range_value":2,"max_range_value":[3],"b":4}}"#;
    let measured = numbered(Numbers::Decimals { least: 1, everywhere: false });
    let expected =
        r#"{"count":1,"value":1.0,"a":{"min_range_value":2.0,"max_range_value":[3.0],"b":4}}"#;
    assert_eq!(rewrite(text, measured), expected);
}

#[test]
fn knows_an_order_that_changes_nothing() {
    let changes = |text: &str, numbers, is_sorted| {
        let order = Order { numbers, is_sorted };
        read(text.as_bytes()).unwrap().put_into(order, &mut Work::of(usize::MAX)).unwrap()
    };
    let decimals = Numbers::Decimals { least: 1, everywhere: true };
    for (text, sorting, shortening, lengthening) in [
        (r#"{"a":1.5,"b":[{"c":2.5}]}"#, false, false, false),
        (r#"{"a":1.5,"b":[{"d":0.5,"c":2.5}]}"#, true, false, false),
        (r#"{"a":1.5,"a":2.5}"#, true, false, false),
        (r#"{"b":1.50,"a":[2]}"#, true, true, true),
    ] {
        assert!(changes(text, Numbers::Kept, false), "{text}");
        assert_eq!(changes(text, Numbers::Kept, true), sorting, "{text}");
        assert_eq!(changes(text, Numbers::Short, false), shortening, "{text}");
        assert_eq!(changes(text, decimals, false), lengthening, "{text}");
        assert_eq!(changes(text, Numbers::Short, true), sorting && shortening, "{text}");
    }
}

#[test]
fn of_a_key_that_is_given_twice_the_last_counts_where_keys_are_sorted() {
    let sorted = Style { order: Order { is_sorted: true, ..KEPT }, ..PLAIN };
    assert_eq!(rewrite(r#"{"b":1,"a":2,"b":3}"#, sorted), r#"{"a":2,"b":3}"#);
    assert_eq!(rewrite(r#"{"b":1,"a":2,"b":3}"#, PLAIN), r#"{"b":1,"a":2,"b":3}"#);
}

#[test]
fn reads_so_many_levels_and_no_more() {
    const MAX_DEPTH: usize = 64;
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(MAX_DEPTH).as_bytes()).is_some());
    assert!(read(nested(MAX_DEPTH + 1).as_bytes()).is_none());
    assert!(read(nested(100_000).as_bytes()).is_none());
    assert!(read(b"{\"a\":}").is_none());
    assert!(read(b"\xff").is_none());
}

proptest::proptest! {
    /// Read and written compactly, a text is what serde makes of it.
    #[test]
    fn reads_strings_and_structure_as_serde_does(
        text in r#"[\[\]{},: \n"\\/abu01e.-]{0,40}"#,
        words in proptest::collection::vec("[\"\\\\/\n\u{e9}\u{1f600}a ]{0,6}", 0..4),
    ) {
        // Hostile texts, of which few are JSON; and texts that are.
        for text in [text, serde_json::json!({"a": words, "b": [{}, [], words]}).to_string()] {
            let known: Option<serde_json::Value> = serde_json::from_str(&text).ok();
            let Some(tree) = read(text.as_bytes()) else { continue };
            let mut work = Work::of(usize::MAX);
            let written = write(&tree, PLAIN, usize::MAX, &mut work).unwrap().unwrap();
            let written: Option<serde_json::Value> = serde_json::from_slice(&written).ok();
            proptest::prop_assert_eq!(written, known);
        }
    }
}
