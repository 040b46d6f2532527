//! JSON as libraries of other languages write it again.
//!
//! Numbers keep their tokens unless the style says otherwise: what other code made of `100.20` is
//! not known from `100.2`. serde's own value type would lose digits, order and repeated keys.

use std::{collections::BTreeMap, fmt::Write};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The deepest nesting that is rewritten; the filter reads none that is deeper.
const MAX_DEPTH: usize = 64;

/// How a JSON text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) space: Space,
    pub(crate) is_sorted: bool,
    pub(crate) escapes: Escapes,
    /// Numbers as JavaScript writes them: `1.0` is `1`.
    pub(crate) has_short_numbers: bool,
}

/// What stands between the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Nothing.
    None,
    /// One space after `,` and `:`, as Python does.
    Spaced,
    /// A line for each, indented by so many spaces.
    Indented(usize),
    /// A line for each, indented by a tab.
    Tabbed,
}

/// Which characters of strings are escaped beyond those that must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    None,
    /// Everything beyond ASCII, as Python and others do.
    Ascii,
    /// That, and `/`, as PHP does.
    AsciiAndSlash,
    /// `<`, `>` and `&`, as Go does.
    Html,
}

impl Style {
    /// All that are tried, the common ones first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let spaces =
            [Space::None, Space::Spaced, Space::Indented(2), Space::Indented(4), Space::Tabbed];
        let escapes = [Escapes::None, Escapes::Ascii, Escapes::AsciiAndSlash, Escapes::Html];
        [(false, false), (true, false), (false, true), (true, true)]
            .into_iter()
            .flat_map(move |order| spaces.into_iter().map(move |space| (order, space)))
            .flat_map(move |style| escapes.into_iter().map(move |escapes| (style, escapes)))
            .map(|(((has_short_numbers, is_sorted), space), escapes)| Self {
                space,
                is_sorted,
                escapes,
                has_short_numbers,
            })
    }
}

/// A JSON value whose numbers and words are tokens still.
pub(super) enum Node<'t> {
    Object(Vec<(String, Node<'t>)>),
    Array(Vec<Node<'t>>),
    Text(String),
    Token(&'t str),
}

/// Reads a JSON text; none where it is no JSON, or nested too deep.
pub(super) fn parse(body: &[u8]) -> Option<Node<'_>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    read(serde_json::from_slice::<&RawValue>(body).ok()?.get(), MAX_DEPTH)
}

fn read(text: &str, depth: usize) -> Option<Node<'_>> {
    let depth = depth.checked_sub(1)?;
    match text.bytes().next()? {
        b'{' => {
            let Fields(fields) = serde_json::from_str(text).ok()?;
            let mut read_fields = Vec::with_capacity(fields.len());
            for (name, value) in fields {
                read_fields.push((name, read(value.get(), depth)?));
            }
            Some(Node::Object(read_fields))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let items = items.into_iter().map(|item| read(item.get(), depth));
            items.collect::<Option<_>>().map(Node::Array)
        }
        b'"' => serde_json::from_str(text).ok().map(Node::Text),
        _ => Some(Node::Token(text)),
    }
}

/// The fields of an object in their order, repeated ones too.
struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Fields<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

/// Writes a value in a style.
pub(super) fn write(node: &Node<'_>, style: Style) -> Vec<u8> {
    let mut writer = Writer { text: String::new(), style };
    writer.node(node, 0);
    writer.text.into_bytes()
}

struct Writer {
    text: String,
    style: Style,
}

impl Writer {
    fn node(&mut self, node: &Node<'_>, depth: usize) {
        match node {
            Node::Object(fields) if self.style.is_sorted => {
                // Of a key that is given twice, the last counts, as everywhere.
                let sorted: BTreeMap<_, _> =
                    fields.iter().map(|(name, value)| (name, value)).collect();
                self.object(sorted.into_iter(), depth);
            }
            Node::Object(fields) => {
                self.object(fields.iter().map(|(name, value)| (name, value)), depth);
            }
            Node::Array(items) => {
                self.text.push('[');
                let inner = depth.saturating_add(1);
                for (at, item) in items.iter().enumerate() {
                    self.between(at > 0, inner);
                    self.node(item, inner);
                }
                self.end(items.is_empty(), depth);
                self.text.push(']');
            }
            Node::Text(text) => self.string(text),
            Node::Token(token) => match self.short(token) {
                Some(number) => self.text.push_str(&number),
                None => self.text.push_str(token),
            },
        }
    }

    fn object<'n, 't: 'n>(
        &mut self,
        fields: impl ExactSizeIterator<Item = (&'n String, &'n Node<'t>)>,
        depth: usize,
    ) {
        let is_empty = fields.len() == 0;
        self.text.push('{');
        let inner = depth.saturating_add(1);
        for (at, (name, value)) in fields.enumerate() {
            self.between(at > 0, inner);
            self.string(name);
            self.text.push_str(if self.style.space == Space::None { ":" } else { ": " });
            self.node(value, inner);
        }
        self.end(is_empty, depth);
        self.text.push('}');
    }

    /// Writes what is before a member.
    fn between(&mut self, is_behind_another: bool, depth: usize) {
        if is_behind_another {
            let is_spaced = self.style.space == Space::Spaced;
            self.text.push_str(if is_spaced { ", " } else { "," });
        }
        self.line(depth);
    }

    fn end(&mut self, is_empty: bool, depth: usize) {
        if !is_empty {
            self.line(depth);
        }
    }

    fn line(&mut self, depth: usize) {
        let (unit, count) = match self.style.space {
            Space::None | Space::Spaced => return,
            Space::Indented(spaces) => (" ", spaces.saturating_mul(depth)),
            Space::Tabbed => ("\t", depth),
        };
        self.text.push('\n');
        self.text.push_str(&unit.repeat(count));
    }

    fn string(&mut self, text: &str) {
        let escapes = self.style.escapes;
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '/' if escapes == Escapes::AsciiAndSlash => self.text.push_str("\\/"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escapes == Escapes::Html => {
                    self.escape(character);
                }
                '\0'..='\u{1f}' => self.escape(character),
                '\0'..='\u{7f}' => self.text.push(character),
                _ if matches!(escapes, Escapes::Ascii | Escapes::AsciiAndSlash) => {
                    self.escape(character);
                }
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }

    fn escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "\\u{unit:04x}");
        }
    }

    /// A number as JavaScript writes it, within the range where it writes no exponent.
    fn short(&self, token: &str) -> Option<String> {
        let number: f64 = token.parse().ok().filter(|_| self.style.has_short_numbers)?;
        let is_plain = number == 0.0 || (1e-6..1e21).contains(&number.abs());
        is_plain.then(|| if number == 0.0 { "0".to_owned() } else { number.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        space: Space::None,
        is_sorted: false,
        escapes: Escapes::None,
        has_short_numbers: false,
    };

    fn rewrite(text: &str, style: Style) -> String {
        String::from_utf8(write(&parse(text.as_bytes()).unwrap(), style)).unwrap()
    }

    /// The expectations are by Python's `json.dumps`, Node's `JSON.stringify`, PHP's `json_encode` and
    /// Go's `json.Marshal`.
    #[test]
    fn writes_as_other_languages_do() {
        let text = "{ \"b\" : [1, 2.50, {}, [] ],\n\"a\":\"\\u00e9/<\\n\\ud83d\\ude00\"}";
        for (style, expected) in [
            (PLAIN, "{\"b\":[1,2.50,{},[]],\"a\":\"é/<\\n😀\"}"),
            (
                Style { space: Space::Spaced, escapes: Escapes::Ascii, ..PLAIN },
                "{\"b\": [1, 2.50, {}, []], \"a\": \"\\u00e9/<\\n\\ud83d\\ude00\"}",
            ),
            (
                Style { escapes: Escapes::AsciiAndSlash, ..PLAIN },
                "{\"b\":[1,2.50,{},[]],\"a\":\"\\u00e9\\/<\\n\\ud83d\\ude00\"}",
            ),
            (
                Style { escapes: Escapes::Html, is_sorted: true, ..PLAIN },
                "{\"a\":\"é/\\u003c\\n😀\",\"b\":[1,2.50,{},[]]}",
            ),
            (
                Style { space: Space::Indented(2), has_short_numbers: true, ..PLAIN },
                "{\n  \"b\": [\n    1,\n    2.5,\n    {},\n    []\n  ],\n  \"a\": \"é/<\\n😀\"\n}",
            ),
            (
                Style { space: Space::Tabbed, ..PLAIN },
                "{\n\t\"b\": [\n\t\t1,\n\t\t2.50,\n\t\t{},\n\t\t[]\n\t],\n\t\"a\": \"é/<\\n😀\"\n}",
            ),
        ] {
            assert_eq!(rewrite(text, style), expected, "{style:?}");
        }
    }

    #[test]
    fn shortens_numbers_as_javascript_does_or_leaves_them() {
        let style = Style { has_short_numbers: true, ..PLAIN };
        for (token, expected) in [
            ("1.0", "1"),
            ("100.20", "100.2"),
            ("1e2", "100"),
            ("-0.0", "0"),
            ("0.1", "0.1"),
            ("123456789012345678", "123456789012345680"),
            ("1e21", "1e21"),
            ("1E-7", "1E-7"),
            ("true", "true"),
            ("null", "null"),
        ] {
            assert_eq!(rewrite(token, style), expected);
            assert_eq!(rewrite(token, PLAIN), token);
        }
    }

    #[test]
    fn reads_so_many_levels_and_no_more() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_some());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_none());
        assert!(parse(nested(100_000).as_bytes()).is_none());
        assert!(parse(b"{\"a\":}").is_none());
        assert!(parse(b"\xff").is_none());
    }
}
