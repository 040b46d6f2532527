//! A JSON document as lines for people, each with what the filter did with it.

use std::iter;

use serde::Serialize;

use crate::tree::{Fate, Tree, Value};

/// How many bytes of a document are shown: what a browser lays out without a pause that one
/// notices.
const MAX_SHOWN_BYTES: usize = 512 * 1024;

/// The longest object or array that is written in one line, in bytes.
const MAX_INLINE_BYTES: usize = 64;

/// One line; its text has no indentation of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// How many levels it is indented.
    depth: usize,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fate: Option<&'static str>,
}

/// A document as lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Lines {
    /// What comes before the first marker, each marker, and what comes after the last one, so that
    /// two documents can be laid side by side.
    pub(crate) parts: Vec<Vec<Line>>,
    /// How many lines are not shown, since the document is too long.
    left_out: usize,
}

impl Lines {
    /// Writes a document, with the array at this path as parts.
    pub(crate) fn of(document: &Tree<'_>, parted: &[&str]) -> Self {
        Self::up_to(MAX_SHOWN_BYTES, document, parted)
    }

    /// Writes a whole document as one text.
    pub(crate) fn whole(document: &Tree<'_>) -> String {
        let lines = Self::up_to(usize::MAX, document, &["/"]);
        let mut text = String::new();
        for Line { depth, text: line, .. } in lines.parts.iter().flatten() {
            text.extend(iter::repeat_n("  ", *depth));
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn up_to(most_bytes: usize, document: &Tree<'_>, parted: &[&str]) -> Self {
        let lines = Self { parts: vec![Vec::new()], left_out: 0 };
        let mut writer = Writer { lines, room: most_bytes };
        writer.write(document, Context { parted: Some(parted), ..Context::default() });
        let parts = &mut writer.lines.parts;
        while parts.last().is_some_and(Vec::is_empty) {
            parts.pop();
        }
        writer.lines
    }
}

struct Writer {
    lines: Lines,
    /// How many bytes may still be written.
    room: usize,
}

/// What stands around a value.
#[derive(Clone, Copy, Default)]
struct Context<'a> {
    depth: usize,
    /// The member's name with its colon.
    before: &'a str,
    /// A comma where another value follows.
    after: &'a str,
    fate: Fate,
    /// The rest of the path to the array whose items are parts.
    parted: Option<&'a [&'a str]>,
}

impl Writer {
    fn write(&mut self, tree: &Tree<'_>, context: Context<'_>) {
        let fate = if tree.fate == Fate::Same { context.fate } else { tree.fate };
        let context = Context { fate, ..context };
        let Context { depth, before, after, parted, .. } = context;
        let line = |text: &str| format!("{before}{text}{after}");
        if parted != Some(&[])
            && let Some(text) = inline(tree)
        {
            return self.push(depth, line(&text), fate);
        }
        let inner = Context { depth: depth.saturating_add(1), before: "", after: "", ..context };
        match &tree.value {
            Value::Scalar(text) => self.push(depth, line(text), fate),
            Value::Array(items) => {
                self.push(depth, format!("{before}["), fate);
                let is_parted = parted == Some(&[]);
                for (item, after) in with_commas(items) {
                    if is_parted {
                        self.lines.parts.push(Vec::new());
                    }
                    self.write(item, Context { after, parted: None, ..inner });
                }
                if is_parted {
                    self.lines.parts.push(Vec::new());
                }
                self.push(depth, format!("]{after}"), fate);
            }
            Value::Object(members) => {
                self.push(depth, format!("{before}{{"), fate);
                for ((name, value), after) in with_commas(members) {
                    let before = format!("{}: ", quoted(name));
                    let parted = parted.and_then(|path| match path.split_first() {
                        Some((first, rest)) if first == name => Some(rest),
                        _ => None,
                    });
                    self.write(value, Context { before: &before, after, parted, ..inner });
                }
                self.push(depth, format!("}}{after}"), fate);
            }
        }
    }

    fn push(&mut self, depth: usize, text: String, fate: Fate) {
        let Some(room) = self.room.checked_sub(text.len()) else {
            // Nor is what follows, or a gap would look like none.
            self.room = 0;
            self.lines.left_out = self.lines.left_out.saturating_add(1);
            return;
        };
        self.room = room;
        let fate = match fate {
            Fate::Same => None,
            Fate::Changed => Some("changed"),
            Fate::Added => Some("added"),
            Fate::Kept => Some("kept"),
        };
        if let Some(part) = self.lines.parts.last_mut() {
            part.push(Line { depth, text, fate });
        }
    }
}

/// A value in one line, where it is short and nothing in it has a fate of its own.
fn inline(tree: &Tree<'_>) -> Option<String> {
    let scalar = |tree: &Tree<'_>| tree.scalar().map(ToOwned::to_owned);
    let plain = |tree: &Tree<'_>| scalar(tree).filter(|_| tree.fate == Fate::Same);
    let text = match &tree.value {
        Value::Scalar(_) => return scalar(tree),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect::<Option<_>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let member = |(name, value): &(String, Tree<'_>)| {
                Some(format!("{}: {}", quoted(name), plain(value)?))
            };
            let members: Vec<String> = members.iter().map(member).collect::<Option<_>>()?;
            format!("{{{}}}", members.join(", "))
        }
    };
    (text.len() <= MAX_INLINE_BYTES).then_some(text)
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// Each item with what follows it.
fn with_commas<T>(items: &[T]) -> impl Iterator<Item = (&T, &'static str)> {
    let last = items.len().saturating_sub(1);
    items.iter().enumerate().map(move |(at, item)| (item, if at == last { "" } else { "," }))
}
