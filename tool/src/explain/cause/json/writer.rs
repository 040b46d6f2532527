//! A document in a style.

use std::fmt::Write;

use super::{
    Escapes, Space, Style,
    tree::{Node, Tree},
};
use crate::explain::cause::work::{Spent, Work};

/// What writing each value takes, and then each byte, in units of hashing one.
const NODE_UNITS: usize = 16;
const BYTE_UNITS: usize = 2;

/// Writes a document in a style; none where that is longer than `most_bytes`.
pub(in crate::explain::cause) fn write(
    tree: &Tree<'_>,
    style: Style,
    most_bytes: usize,
    work: &mut Work,
) -> Result<Option<Vec<u8>>, Spent> {
    work.take(tree.nodes, NODE_UNITS)?;
    let Style { space, escapes, .. } = style;
    // No more than can be paid for, however the document grows.
    let most_bytes = most_bytes.min(work.left() / BYTE_UNITS);
    let mut writer = Writer { text: String::new(), space, escapes, most_bytes };
    writer.node(&tree.root, 0);
    work.take(writer.text.len(), BYTE_UNITS)?;
    Ok((writer.text.len() <= most_bytes).then(|| writer.text.into_bytes()))
}

struct Writer {
    text: String,
    space: Space,
    escapes: Escapes,
    /// Behind these nothing more is written.
    most_bytes: usize,
}

impl Writer {
    fn node(&mut self, node: &Node<'_>, depth: usize) {
        let inner = depth.saturating_add(1);
        match node {
            Node::Object(fields) => {
                self.text.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    self.between(at > 0, inner);
                    self.string(name);
                    self.text.push_str(if self.space == Space::None { ":" } else { ": " });
                    self.node(value, inner);
                    if self.is_full() {
                        return;
                    }
                }
                self.end(fields.is_empty(), depth);
                self.text.push('}');
            }
            Node::Array(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.between(at > 0, inner);
                    self.node(item, inner);
                    if self.is_full() {
                        return;
                    }
                }
                self.end(items.is_empty(), depth);
                self.text.push(']');
            }
            Node::Text(text) => self.string(text),
            Node::Token(token) => self.text.push_str(token),
        }
    }

    const fn is_full(&self) -> bool {
        self.text.len() > self.most_bytes
    }

    /// Writes what is before a member.
    fn between(&mut self, is_behind_another: bool, depth: usize) {
        if is_behind_another {
            self.text.push_str(if self.space == Space::Spaced { ", " } else { "," });
        }
        self.line(depth);
    }

    fn end(&mut self, is_empty: bool, depth: usize) {
        if !is_empty {
            self.line(depth);
        }
    }

    fn line(&mut self, depth: usize) {
        let (unit, count) = match self.space {
            Space::None | Space::Spaced => return,
            Space::Indented(spaces) => (' ', spaces.saturating_mul(depth)),
            Space::Tabbed => ('\t', depth),
        };
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(unit, count));
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut rest = text;
        while let Some(at) = rest.find(|character| self.is_escaped(character)) {
            let (plain, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.text.push_str(plain);
            let mut characters = behind.chars();
            self.text_of(characters.next());
            if self.is_full() {
                return;
            }
            rest = characters.as_str();
        }
        self.text.push_str(rest);
        self.text.push('"');
    }

    fn is_escaped(&self, character: char) -> bool {
        let is_ascii_alone = matches!(self.escapes, Escapes::Ascii | Escapes::AsciiAndSlash);
        match character {
            '"' | '\\' | '\0'..='\u{1f}' => true,
            '/' => self.escapes == Escapes::AsciiAndSlash,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.escapes == Escapes::Html => true,
            '\0'..='\u{7f}' => false,
            _ => is_ascii_alone,
        }
    }

    /// Writes a character that is escaped.
    fn text_of(&mut self, character: Option<char>) {
        let Some(character) = character else { return };
        let short = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '/' => "\\/",
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(self.text, "\\u{unit:04x}");
                }
                return;
            }
        };
        self.text.push_str(short);
    }
}
