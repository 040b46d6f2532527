//! From a text to its trees, by the events of a parser.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Key, Node, Scalar, Value, YamlError};

/// The deepest nesting: a whole Envoy configuration has about thirty levels, and what is read here
/// is walked and freed by recursion.
pub(super) const MAX_DEPTH: usize = 128;
/// The most values, those that aliases stand for included: a dump of a large Envoy's configuration
/// has hundreds of thousands.
const MAX_VALUES: usize = 1_000_000;

/// Reads every document of a text whose first line is the file's `first_line`.
///
/// # Errors
/// [`YamlError`] as the module says.
pub(crate) fn read(text: &str, first_line: usize) -> Result<Vec<Node>, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = join_surrogates(text);
    let mut builder = Builder { first_line, ..Builder::default() };
    for event in Parser::new_from_str(&text) {
        let (event, span) = event.map_err(|error| {
            let line = builder.line_at(error.marker().line());
            YamlError { line, problem: format!("not valid YAML: {}", error.info()) }
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// JSON as YAML has it: a character beyond the first 65536 is two escapes in JSON, neither of which
/// is one in YAML. Lines stay.
fn join_surrogates(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with(['{', '[']) || !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let unit = |rest: &str| u16::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        joined.push_str(before);
        let units = unit(from).zip(from.get(6..).and_then(unit));
        let letter = units.and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
        if let Some(letter) = letter.filter(|letter| letter.len_utf16() == 2) {
            joined.push(letter);
            rest = from.get(12..).unwrap_or_default();
        } else {
            // An escape is two characters at the least, so that `\\u` is a backslash and a letter.
            let escape = from.char_indices().nth(2).map_or(from.len(), |(at, _)| at);
            let (escape, behind) = from.split_at_checked(escape).unwrap_or((from, ""));
            joined.push_str(escape);
            rest = behind;
        }
    }
    joined.push_str(rest);
    Cow::Owned(joined)
}

/// A tree in the making.
#[derive(Default)]
struct Builder {
    first_line: usize,
    documents: Vec<Node>,
    /// The containers that are open, the innermost last.
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

struct Open {
    node: Node,
    anchor: usize,
    /// In a mapping, the key whose value is next.
    key: Option<Key>,
    keys: HashSet<String>,
}

impl Builder {
    /// Where a line of the text is in the file.
    const fn line_at(&self, line: usize) -> usize {
        self.first_line.saturating_add(line).saturating_sub(1)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let line = self.line_at(span.start.line());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // A block's span begins with its first line that is not blank.
                let blank = text.chars().take_while(|letter| *letter == '\n').count();
                let first_line =
                    (style == ScalarStyle::Literal).then(|| line.saturating_sub(blank));
                let is_text = |tag: &Tag| tag.is_yaml_core_schema() && tag.suffix == "str";
                let is_plain = style == ScalarStyle::Plain && !tag.as_deref().is_some_and(is_text);
                let value = Value::Scalar(Scalar { text: text.into_owned(), is_plain, first_line });
                self.add(Node { line, value }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(Node { line, value: Value::Sequence(Vec::new()) }, anchor)
            }
            Event::MappingStart(anchor, _) => {
                self.begin(Node { line, value: Value::Mapping(Vec::new()) }, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { node, anchor, .. }) => self.add(node, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let problem = "an alias of nothing that is complete";
                let mut node =
                    self.anchors.get(&anchor).cloned().ok_or_else(|| error(line, problem))?;
                node.line = line;
                // Each is counted where it stands, so that aliases of aliases cannot grow.
                self.count(size(&node), line)?;
                self.check_depth(depth(&node), line)?;
                self.add(node, 0)
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing => Ok(()),
        }
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        self.check_depth(1, node.line)?;
        self.open.push(Open { node, anchor, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn check_depth(&self, more: usize, line: usize) -> Result<(), YamlError> {
        if self.open.len().saturating_add(more) > MAX_DEPTH {
            return Err(error(line, &format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }

    fn count(&mut self, values: usize, line: usize) -> Result<(), YamlError> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(error(line, &format!("more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    /// Puts a whole value into the container that is open, or makes a document of it.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        self.count(1, node.line)?;
        if anchor > 0 {
            self.count(size(&node), node.line)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::Mapping(entries), Some(key)) => entries.push((key, node)),
            (Value::Mapping(_), None) => {
                let line = node.line;
                let Value::Scalar(Scalar { text, .. }) = node.value else {
                    return Err(error(line, "a key that is no text"));
                };
                if !open.keys.insert(text.clone()) {
                    return Err(error(line, "a key is given twice"));
                }
                open.key = Some(Key { line, text });
            }
            (Value::Sequence(items), _) => items.push(node),
            (Value::Scalar(_), _) => {}
        }
        Ok(())
    }
}

fn error(line: usize, problem: &str) -> YamlError {
    YamlError { line, problem: problem.to_owned() }
}

/// How many values a tree has.
fn size(node: &Node) -> usize {
    node.children().map(size).sum::<usize>().saturating_add(1)
}

/// How many levels of containers a tree has.
fn depth(node: &Node) -> usize {
    match node.value {
        Value::Scalar(_) => 0,
        _ => node.children().map(depth).max().unwrap_or(0).saturating_add(1),
    }
}
