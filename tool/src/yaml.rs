//! YAML and JSON as a tree that knows the line of everything in it.
//!
//! Owns no rule of Envoy's or of the filter's. A file is read whole or not at all: bytes that are
//! no YAML, nesting and aliases without bound, and a key given twice, about which parsers disagree,
//! are errors with a line. No error holds a key or a value, since either may be a secret.

use std::fmt;

use serde_json::{Map, Number, Value as Json};

pub(crate) use self::reading::read;

mod reading;

/// A value, and where it begins.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Whether its spelling tells its type; else it is a string.
    is_plain: bool,
    /// Where each line of the text is a line of the file, the first of these.
    pub(crate) first_line: Option<usize>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) problem: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key and its value, also one that `<<` merges in.
    pub(crate) fn entry(&self, key: &str) -> Option<(&Key, &Self)> {
        let entries = self.entries();
        let own = entries.iter().find(|(own, _)| own.text == key);
        own.map(|(key, value)| (key, value)).or_else(|| {
            let (_, merged) = entries.iter().find(|(own, _)| own.text == "<<")?;
            match &merged.value {
                Value::Sequence(items) => items.iter().find_map(|item| item.entry(key)),
                _ => merged.entry(key),
            }
        })
    }

    /// Every key, also those that `<<` merges in.
    pub(crate) fn keys(&self) -> Vec<&Key> {
        let mut all = Vec::new();
        for (key, value) in self.entries() {
            if key.text == "<<" {
                all.extend(value.items().iter().chain([value]).flat_map(Self::keys));
            } else {
                all.push(key);
            }
        }
        all
    }

    /// The value of a field of Envoy's, whose JSON may be written in `lowerCamelCase` as well.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.field_entry(name).map(|(_, value)| value)
    }

    /// Such a field with its key; null counts as absent.
    pub(crate) fn field_entry(&self, name: &str) -> Option<(&Key, &Self)> {
        let entry = self.entry(name).or_else(|| self.entry(&camel_case(name)));
        entry.filter(|(_, value)| !value.is_null())
    }

    /// Fields within fields, with dots between them.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, name| node.field(name))
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            Value::Scalar(_) | Value::Mapping(_) => &[],
        }
    }

    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            Value::Scalar(_) | Value::Sequence(_) => &[],
        }
    }

    /// The values within, of a sequence or a mapping.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        self.items().iter().chain(self.entries().iter().map(|(_, value)| value))
    }

    pub(crate) const fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// A scalar's text, whatever its type.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().filter(|_| !self.is_null()).map(|scalar| scalar.text.as_str())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.json() == Json::Null)
    }

    /// A field that is true.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.field(name).and_then(Self::as_bool) == Some(true)
    }

    /// Protobuf's JSON takes a boolean as a string, too, in the spellings of `absl::SimpleAtob`.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.scalar()?.json() {
            Json::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "0" => Some(false),
                _ => None,
            },
            json => json.as_bool(),
        }
    }

    /// Protobuf's JSON takes a number as a string, too.
    pub(crate) fn as_u64(&self) -> Option<u64> {
        self.text()?.trim().parse().ok()
    }

    /// The JSON that stands for this value, as Envoy reads YAML.
    pub(crate) fn json(&self) -> Json {
        match &self.value {
            Value::Scalar(scalar) => scalar.json(),
            Value::Sequence(items) => items.iter().map(Self::json).collect(),
            Value::Mapping(entries) => {
                let merged = entries.iter().filter(|(key, _)| key.text == "<<");
                let merged = merged.flat_map(|(_, value)| match value.json() {
                    Json::Object(fields) => vec![fields],
                    Json::Array(items) => {
                        let objects = items.into_iter().rev();
                        objects.filter_map(|item| item.as_object().cloned()).collect()
                    }
                    _ => Vec::new(),
                });
                let mut fields: Map<_, _> = merged.flatten().collect();
                let own = entries.iter().filter(|(key, _)| key.text != "<<");
                fields.extend(own.map(|(key, value)| (key.text.clone(), value.json())));
                Json::Object(fields)
            }
        }
    }
}

impl Scalar {
    /// Whole numbers, booleans and null by their spelling; all else is a string, fractions too, as
    /// it is to Envoy (`ValueUtil::loadFromYaml`), which leaves them to the message's own type.
    fn json(&self) -> Json {
        let text = self.text.as_str();
        if !self.is_plain {
            return text.into();
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
                return true.into();
            }
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n"
            | "N" => return false.into(),
            _ => {}
        }
        let hex = text.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
        hex.or_else(|| text.parse().ok())
            .map_or_else(|| text.into(), |number: i64| Json::Number(Number::from(number)))
    }
}

/// `max_body_bytes` as protobuf's JSON spells it otherwise: `maxBodyBytes`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

#[cfg(test)]
mod tests;
