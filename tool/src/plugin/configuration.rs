//! A plugin's configuration as its host hands it to the filter, and where each line of it stands.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use junction_webhook::config::ConfigError;

use crate::{
    plugin::site::message_name,
    yaml::{self, Node},
};

/// The configuration as the host hands it to the filter.
pub(crate) struct Configuration<'t> {
    /// JSON, where it is not what is wrong.
    pub(crate) text: Vec<u8>,
    lines: Lines,
    /// Where it is not a text but values in YAML, these.
    values: Option<&'t Node>,
    /// Whether it is a message of another kind than the filter reads.
    pub(crate) is_foreign: bool,
}

/// Which line of the file a line of a configuration's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// All of it is at this one.
    At(usize),
    /// Its first line is this one, and the others follow.
    From(usize),
}

impl<'t> Configuration<'t> {
    /// A file that holds nothing else.
    pub(super) fn of_file(text: &str, values: Option<&'t Node>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text: text.into(), lines: Lines::From(1), values, is_foreign: false }
    }

    /// What Envoy makes of a `google.protobuf.Any`; without one, nothing.
    pub(super) fn of_any(any: Option<&'t Node>, line: usize) -> Self {
        let Some(any) = any else { return Self::of_values(None, line) };
        let value = any.field("value");
        let kind = any.get("@type").and_then(Node::text).unwrap_or_default();
        match (message_name(kind), value.map(|value| (value, value.scalar()))) {
            ("google.protobuf.Struct", Some((value, None))) => {
                Self::of_values(Some(value), value.line)
            }
            ("google.protobuf.StringValue", Some((value, Some(scalar)))) => Self {
                text: scalar.text.clone().into(),
                lines: scalar.first_line.map_or(Lines::At(value.line), Lines::From),
                values: None,
                is_foreign: false,
            },
            ("google.protobuf.BytesValue", Some((value, Some(scalar)))) => Self {
                text: STANDARD.decode(&scalar.text).unwrap_or_default(),
                lines: Lines::At(value.line),
                values: None,
                is_foreign: false,
            },
            ("google.protobuf.StringValue" | "google.protobuf.Struct", None) => {
                Self::of_values(None, any.line)
            }
            // The filter gets the message's own bytes, which are no JSON.
            _ => Self {
                text: b"\0".to_vec(),
                lines: Lines::At(any.line),
                values: None,
                is_foreign: true,
            },
        }
    }

    /// A `google.protobuf.Struct` and the like; nothing at all stays nothing.
    pub(super) fn of_values(values: Option<&'t Node>, line: usize) -> Self {
        let text = values.map(|values| values.json().to_string()).unwrap_or_default();
        let lines = Lines::At(values.map_or(line, |values| values.line));
        Self { text: text.into(), lines, values, is_foreign: false }
    }

    /// Whether it has a field that the filter's alone has.
    pub(super) fn is_own(&self) -> bool {
        let read = serde_json::from_slice::<serde_json::Value>(&self.text).ok();
        read.is_some_and(|read| ["svix", "hmac"].iter().any(|field| read.get(field).is_some()))
    }

    /// The line of the file where an error is.
    pub(crate) fn line_of(&self, error: &ConfigError) -> usize {
        match (error.position(), self.lines) {
            (Some(position), Lines::From(first)) => {
                first.saturating_add(position.line).saturating_sub(1)
            }
            _ => self.line_of_field(error.field()),
        }
    }

    /// The line of the file where a field is, or what would have it: `svix.secrets[0]`.
    pub(crate) fn line_of_field(&self, field: &str) -> usize {
        let (Lines::At(whole) | Lines::From(whole)) = self.lines;
        if let Some(values) = self.values {
            return line_in(values, field).unwrap_or(whole);
        }
        if self.lines == Lines::At(whole) {
            return whole;
        }
        // JSON is YAML.
        let text = str::from_utf8(&self.text).unwrap_or_default();
        let read = yaml::read(text, whole).unwrap_or_default();
        read.first().and_then(|values| line_in(values, field)).unwrap_or(whole)
    }
}

/// The line of the longest part of a field's path that is there.
fn line_in(values: &Node, field: &str) -> Option<usize> {
    let mut found = None;
    let mut node = values;
    for step in field.split(['.', '[']) {
        let next = match step.strip_suffix(']') {
            Some(index) => {
                let item = index.parse().ok().and_then(|index: usize| node.items().get(index));
                item.map(|item| (item.line, item))
            }
            None => node.entry(step).map(|(key, value)| (key.line, value)),
        };
        let Some((line, next)) = next else { break };
        found = Some(line);
        node = next;
    }
    found
}
