//! The grammar of JSON, held against `serde_json` and the spellings of a published test suite.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

/// Whether the scanner takes the text for one JSON value.
fn scans(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.value().is_ok() && scanner.end().is_ok()
}

/// Whether `serde_json` does. Reading nothing but the structure, it takes numbers of any size;
/// only reading the values does it look at surrogates.
fn serde_json_accepts(text: &str) -> bool {
    let reads_strings = || match serde_json::from_str::<serde_json::Value>(text) {
        Ok(_) => true,
        Err(error) => error.to_string().starts_with("number out of range"),
    };
    serde_json::from_str::<IgnoredAny>(text).is_ok() && reads_strings()
}

/// Texts that are JSON: the `y_` cases of `JSONTestSuite` (nst/JSONTestSuite, MIT), and those of
/// its `i_` cases, which parsers may take or leave, that this one takes.
const TAKEN: [&str; 38] = [
    "[[]   ]",
    r#"[""]"#,
    "[]",
    r#"["a"]"#,
    "[false]",
    "[null, 1, \"1\", {}]",
    "[null]",
    "[1\n]",
    " [1]",
    "[1,null,null,null,2]",
    "[2] ",
    "[123e65]",
    "[0e+1]",
    "[0e1]",
    "[ 4]",
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]",
    "[20e1]",
    "[-0]",
    "[-123]",
    "[-1]",
    "[1E22]",
    "[1E-2]",
    "[1E+2]",
    "[123e45]",
    "[123.456e78]",
    "[1e-2]",
    "[123.456789]",
    r#"{"asd":"sdf"}"#,
    r#"{"":0}"#,
    r#"{"foo\u0000bar": 42}"#,
    r#"["\u0060\u012a\u12AB"]"#,
    r#"["\ud801\udc37"]"#,
    r#"["\"\\\/\b\f\n\r\t"]"#,
    "[\"\u{7f}\"]",
    "[\"\u{2028}\u{10ffff}\"]",
    r#"["\uFFFF"]"#,
    "[1.5e+9999]",
    "[-1e-9999]",
];

/// Texts that are not: `n_` cases, and those of its `i_` cases that this one leaves.
const LEFT: [&str; 62] = [
    "",
    " ",
    "[1 true]",
    "[1:2]",
    "[1,]",
    "[1,,2]",
    "[,1]",
    "[\"\"],",
    "[1",
    "[",
    "[\"a\",\n4\n,1",
    "[*]",
    "[]]",
    "[[",
    "[-]",
    "[fals]",
    "[nul]",
    "[tru]",
    "123\0",
    "[++1234]",
    "[+1]",
    "[+Inf]",
    "[-01]",
    "[-1.0.]",
    "[-2.]",
    "[-NaN]",
    "[.-1]",
    "[.2e-3]",
    "[0.1.2]",
    "[0.3e+]",
    "[0.3e]",
    "[0.e1]",
    "[0E+]",
    "[0e]",
    "[1.0e-]",
    "[1 000.0]",
    "[1eE2]",
    "[2.e3]",
    "[9.e+]",
    "[Infinity]",
    "[0x1]",
    "[1+2]",
    "[-foo]",
    "[- 1]",
    "[-012]",
    "[1a]",
    "[1ea]",
    "[.123]",
    "[012]",
    "{\"x\"::\"b\"}",
    "{\"a\":1,}",
    "{\"a\" b}",
    "{a:1}",
    "{1:1}",
    "{\"id\":0,,}",
    "[\"\\u00A\"]",
    "[\"\\x00\"]",
    "[\"\\\"]",
    "[\"a\tb\"]",
    r#"["\ud800"]"#,
    r#"["\udd1e\ud834"]"#,
    "\u{feff}[]",
];

#[test]
fn takes_what_is_json_and_leaves_what_is_not() {
    for text in TAKEN {
        assert!(scans(text), "{text}");
        assert!(serde_json_accepts(text), "{text}");
    }
    for text in LEFT {
        assert!(!scans(text), "{text}");
        assert!(!serde_json_accepts(text), "{text}");
    }
}

#[test]
fn a_token_is_the_value_alone() {
    for value in ["-0.50E+7", r#""a\"b""#, "[ 1 , {} ]", r#"{ "a" : null }"#, "true"] {
        let text = format!(" \r\n\t{value} , x");
        let mut scanner = Scanner::new(&text);
        assert_eq!(scanner.value().unwrap().as_str(), value);
    }
}

#[test]
fn a_stop_tells_where_the_text_goes_wrong() {
    for (text, at) in
        [("[1,]", 3), ("[1 2]", 3), (r#"{"a" 1}"#, 5), ("[\"a\u{1}\"]", 3), ("tru", 0)]
    {
        assert_eq!(Scanner::new(text).value(), Err(Stop::Syntax { at }), "{text:?}");
    }
}

/// Text that is nearly JSON: a value with some characters put in, taken out or replaced.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "d800", "0", "1",
        "-", "+", ".", "e", "E", "true", "false", "null", "\"a\"", "\"a\":", " ", "\n", "\u{0}",
        "é", "\u{a0}",
    ]);
    let soup = prop::collection::vec(pieces.clone(), 0..12).prop_map(|pieces| pieces.concat());
    let valid = prop::sample::select([TAKEN.as_slice(), LEFT.as_slice()].concat());
    let mutated = (valid, any::<prop::sample::Index>(), 0..3_usize, pieces).prop_map(
        |(text, index, taken, piece)| {
            let mut characters: Vec<char> = text.chars().collect();
            let at = index.index(characters.len().saturating_add(1));
            let end = at.saturating_add(taken).min(characters.len());
            characters.splice(at..end, piece.chars());
            characters.into_iter().collect()
        },
    );
    prop_oneof![soup, mutated]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn takes_exactly_what_serde_json_takes(text in nearly_json()) {
        prop_assert_eq!(scans(&text), serde_json_accepts(&text), "{}", text);
    }

    #[test]
    fn decodes_a_string_as_serde_json_does(
        inside in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "a", "é", "\u{1f600}", "\\", "\\\\", "\\\"", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t",
                "\\u", "00", "d8", "DB", "dc", "DF", "ff", "e0", "4", "+", "\\ud83d", "\\ude00", "\"",
            ]).prop_map(str::to_owned),
            any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
            (0xd7f0..0xdc10_u16, 0xdbf0..0xe010_u16)
                .prop_map(|(high, low)| format!("\\u{high:04x}\\u{low:04X}")),
            any::<char>().prop_map(String::from),
        ], 0..8).prop_map(|pieces| pieces.concat())
    ) {
        let text = format!("\"{inside}\"");
        let mut scanner = Scanner::new(&text);
        let string = scanner.string().and_then(|string| scanner.end().map(|()| string));
        let expected: Option<String> = serde_json::from_str(&text).ok();
        prop_assert_eq!(string.ok().map(|string| string.as_str().to_owned()), expected, "{}", text);
    }

    #[test]
    fn finds_the_end_of_plain_text_where_looking_at_each_byte_does(
        text in prop::collection::vec(prop_oneof![
            8 => prop::sample::select(b"az ~!#[]\x7f".as_slice()),
            2 => any::<u8>(),
            1 => prop::sample::select(b"\"\\\x1f\0".as_slice()),
        ], 0..40)
    ) {
        let plain = text.iter().take_while(|&&byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        prop_assert_eq!(plain_length(&text), plain.count());
    }

    #[test]
    fn reads_a_key_alike_with_and_without_white_space_and_whatever_follows(
        key in prop::collection::vec(prop::sample::select(vec![
            "a", "slug", "_value", "é", "\\u0061", "\\\"", "\\u0000", "\u{1}", "\\x", "",
        ]), 0..8).prop_map(|pieces| pieces.concat())
    ) {
        let first = |text: &str| {
            let mut scanner = Scanner::new(text);
            scanner.begin().map_err(|_| ())?;
            let Some(key) = scanner.next_key().map_err(|_| ())? else { return Ok(None) };
            let name = key.name;
            let text = scanner.text_of(key).map_err(|_| ())?;
            Ok::<_, ()>(Some((text.as_str().to_owned(), name, text.token().as_str().to_owned())))
        };
        // Only the last lets the key be read as a block.
        let texts = [" :0}", ":0}", ":0,\"and\":\"sixteen bytes more\"}"];
        let keys = texts.map(|rest| first(&format!("{{\"{key}\"{rest}")));
        prop_assert_eq!(&keys[0], &keys[1]);
        prop_assert_eq!(&keys[0], &keys[2]);
        if let Ok(Some((text, name, _))) = &keys[2] {
            prop_assert_eq!(*name, Name::of(text));
        }
    }
}
