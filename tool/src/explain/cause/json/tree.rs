//! A JSON document that keeps the tokens, the order and the repeated keys of its text.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::value::RawValue;

use super::{MEASURED, Numbers, Order, number};
use crate::explain::cause::work::{Spent, Work};

/// The deepest nesting that is rewritten; the filter reads none that is deeper.
const MAX_DEPTH: usize = 64;

/// What reading a byte takes, and then each value, in units of hashing one.
const READ_BYTE_UNITS: usize = 4;
const READ_NODE_UNITS: usize = 64;
/// What changing the order, or the number, of each value takes.
const ORDER_NODE_UNITS: usize = 64;
const NUMBER_NODE_UNITS: usize = 256;

/// A document.
pub(in crate::explain::cause) struct Tree<'t> {
    pub(super) root: Node<'t>,
    /// How many values it has.
    pub(super) nodes: usize,
}

/// A JSON value whose numbers and words are tokens still.
pub(super) enum Node<'t> {
    Object(Vec<(Cow<'t, str>, Node<'t>)>),
    Array(Vec<Node<'t>>),
    Text(Cow<'t, str>),
    Token(Cow<'t, str>),
}

impl<'t> Tree<'t> {
    /// Reads a JSON text; none where it is no JSON, or nested too deep.
    pub(in crate::explain::cause) fn read(
        body: &'t [u8],
        work: &mut Work,
    ) -> Result<Option<Self>, Spent> {
        work.take(body.len(), READ_BYTE_UNITS)?;
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        // From here on the text is known to be JSON.
        let Ok(text) = serde_json::from_slice::<&RawValue>(body) else { return Ok(None) };
        let mut reader = Reader { rest: text.get(), nodes: 0 };
        let Some(root) = reader.value(MAX_DEPTH) else { return Ok(None) };
        let nodes = reader.nodes;
        work.take(nodes, READ_NODE_UNITS)?;
        Ok(Some(Self { root, nodes }))
    }

    /// Puts it into an order, and answers whether all that is otherwise about that changes
    /// anything: if not, the document in another order is the same.
    pub(in crate::explain::cause) fn put_into(
        &mut self,
        order: Order,
        work: &mut Work,
    ) -> Result<bool, Spent> {
        let mut is_distinct = true;
        if order.is_sorted {
            work.take(self.nodes, ORDER_NODE_UNITS)?;
            is_distinct &= self.root.sort();
        }
        if order.numbers != Numbers::Kept {
            work.take(self.nodes, NUMBER_NODE_UNITS)?;
            is_distinct &= self.root.renumber(order.numbers, "");
        }
        Ok(is_distinct)
    }
}

impl Node<'_> {
    /// Sorts keys; of one that is given twice the last counts, as everywhere.
    fn sort(&mut self) -> bool {
        match self {
            Self::Object(fields) => {
                let mut is_changed = !fields.is_sorted_by(|(one, _), (next, _)| one < next);
                if is_changed {
                    let sorted: BTreeMap<_, _> = std::mem::take(fields).into_iter().collect();
                    *fields = sorted.into_iter().collect();
                }
                for (_, value) in fields {
                    is_changed |= value.sort();
                }
                is_changed
            }
            Self::Array(items) => {
                items.iter_mut().fold(false, |changed, item| item.sort() | changed)
            }
            Self::Text(_) | Self::Token(_) => false,
        }
    }

    fn renumber(&mut self, numbers: Numbers, key: &str) -> bool {
        match self {
            Self::Object(fields) => fields
                .iter_mut()
                .fold(false, |changed, (key, value)| value.renumber(numbers, key) | changed),
            Self::Array(items) => {
                items.iter_mut().fold(false, |changed, item| item.renumber(numbers, key) | changed)
            }
            Self::Text(_) => false,
            Self::Token(token) => {
                let number = match numbers {
                    Numbers::Kept => None,
                    Numbers::Short => number::short(token),
                    Numbers::Decimals { least, everywhere } => (everywhere
                        || MEASURED.contains(&key))
                    .then(|| number::lengthened(token, least))
                    .flatten(),
                };
                let is_changed = number.is_some();
                if let Some(number) = number {
                    *token = number;
                }
                is_changed
            }
        }
    }
}

/// Reads a text that is known to be JSON, in one pass.
struct Reader<'t> {
    rest: &'t str,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Option<Node<'t>> {
        let depth = depth.checked_sub(1)?;
        self.nodes = self.nodes.saturating_add(1);
        if self.takes('{') {
            let mut fields = Vec::new();
            while !self.takes('}') {
                self.takes(',');
                let key = self.string()?;
                self.takes(':');
                let value = self.value(depth)?;
                push(&mut fields, (key, value));
            }
            return Some(Node::Object(fields));
        }
        if self.takes('[') {
            let mut items = Vec::new();
            while !self.takes(']') {
                self.takes(',');
                let item = self.value(depth)?;
                push(&mut items, item);
            }
            return Some(Node::Array(items));
        }
        if self.rest.starts_with('"') {
            return self.string().map(Node::Text);
        }
        let is_behind = |byte: u8| b",]}".contains(&byte) || byte.is_ascii_whitespace();
        let end = self.rest.bytes().position(is_behind).unwrap_or(self.rest.len());
        self.take(end).filter(|token| !token.is_empty()).map(|token| Node::Token(token.into()))
    }

    /// Reads a string, which starts here or behind white space.
    fn string(&mut self) -> Option<Cow<'t, str>> {
        self.rest = self.rest.trim_ascii_start();
        let mut has_escapes = false;
        let mut is_escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            has_escapes |= is_escaped;
            is_end
        });
        // Both quotes.
        let whole = self.take(end?.checked_add(2)?)?;
        if has_escapes {
            return serde_json::from_str(whole).ok().map(Cow::Owned);
        }
        Some(whole.trim_matches('"').into())
    }

    /// Reads this sign, if it is what comes next behind white space.
    fn takes(&mut self, sign: char) -> bool {
        self.rest = self.rest.trim_ascii_start();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take(&mut self, length: usize) -> Option<&'t str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Adds a member. A nest of arrays of one each would take four times as much with room for more.
fn push<T>(members: &mut Vec<T>, member: T) {
    if members.is_empty() {
        members.reserve_exact(1);
    }
    members.push(member);
}
