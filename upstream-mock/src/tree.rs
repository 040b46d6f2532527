//! JSON as a tree whose numbers and texts are what was sent, for whoever looks at it.
//!
//! [`place`](crate::place) reads what it knows; this takes any document, the sender's own included,
//! and remembers of each value what the filter did with it.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// How deep a document may be nested: twice what the filter takes, so that whatever it sends on is
/// shown, and no document exhausts the stack.
const MAX_DEPTH: usize = 128;

/// How many values a document may have, itself included: a panel of more than 10,000 markers.
/// Each takes a hundred bytes of memory at most beside its text, and two bytes of a body suffice
/// for one.
const MAX_VALUES: usize = 250_000;

/// A document has more than [`MAX_VALUES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyValues;

/// A value and what the filter did with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree<'a> {
    pub(crate) fate: Fate,
    pub(crate) value: Value<'a>,
}

/// What the filter did with a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is in both documents.
    #[default]
    Same,
    /// It is in both, and differs.
    Changed,
    /// The filter added it.
    Added,
    /// The sender's own, kept beside what it became, or since no field is for it.
    Kept,
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A number, text, boolean or null, as its JSON text.
    Scalar(Cow<'a, str>),
    Array(Vec<Tree<'a>>),
    /// In the order of the document; a name that is given twice is there twice.
    Object(Members<'a>),
}

pub(crate) type Members<'a> = Vec<(String, Tree<'a>)>;

impl<'a> Tree<'a> {
    /// Reads a document; `None` where it is no JSON, or nested too deep.
    ///
    /// # Errors
    /// It has more than [`MAX_VALUES`].
    pub(crate) fn read(text: &'a str) -> Result<Option<Self>, TooManyValues> {
        // It checks the whole syntax, so what follows meets none but whole tokens.
        let Ok(document) = serde_json::from_str::<&RawValue>(text) else {
            return Ok(None);
        };
        let mut reader = Reader { rest: document.get(), room: Some(MAX_VALUES) };
        let tree = reader.value(0);
        reader.room.map(|_| tree).ok_or(TooManyValues)
    }

    /// A value that nothing happened to.
    pub(crate) fn same(value: Value<'a>) -> Self {
        Self { fate: Fate::Same, value }
    }

    pub(crate) fn null() -> Self {
        Self::same(Value::Scalar(Cow::Borrowed("null")))
    }

    pub(crate) fn with(self, fate: Fate) -> Self {
        Self { fate, ..self }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.scalar() == Some("null")
    }

    /// The JSON text of a number, text, boolean or null.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// What a text says.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::from_str(self.scalar()?).ok()
    }

    /// The digits of a number.
    pub(crate) fn number(&self) -> Option<&str> {
        self.scalar()
            .filter(|text| text.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn members(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Value::Object(members) = &mut self.value else {
            return None;
        };
        members.iter_mut().find_map(|(known, value)| (known == name).then_some(value))
    }
}

/// What is left of a document whose syntax is known to be right.
struct Reader<'a> {
    rest: &'a str,
    /// How many values may still come; `None` once there were more.
    room: Option<usize>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Tree<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.room = self.room?.checked_sub(1);
        self.room?;
        let inner = depth.saturating_add(1);
        let value = match self.peek()? {
            '{' => {
                let mut members = Vec::new();
                self.skip();
                while self.peek()? != '}' {
                    let name = serde_json::from_str(self.scalar()?).ok()?;
                    self.peek()?;
                    self.skip();
                    members.push((name, self.value(inner)?));
                    self.comma()?;
                }
                self.skip();
                Value::Object(members)
            }
            '[' => {
                let mut items = Vec::new();
                self.skip();
                while self.peek()? != ']' {
                    items.push(self.value(inner)?);
                    self.comma()?;
                }
                self.skip();
                Value::Array(items)
            }
            _ => Value::Scalar(Cow::Borrowed(self.scalar()?)),
        };
        Some(Tree::same(value))
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.rest.chars().next()
    }

    /// Goes past a character that [`Self::peek`] has shown, which is one of JSON's own.
    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn comma(&mut self) -> Option<()> {
        if self.peek()? == ',' {
            self.skip();
        }
        Some(())
    }

    fn scalar(&mut self) -> Option<&'a str> {
        self.peek()?;
        let length = if self.rest.starts_with('"') {
            self.text_length()?
        } else {
            self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(self.rest.len())
        };
        let (scalar, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(scalar)
    }

    /// How long the text is that begins here, quotes included, in bytes.
    fn text_length(&self) -> Option<usize> {
        let mut is_escaped = false;
        let end = self.rest.bytes().enumerate().skip(1).find_map(|(at, byte)| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends.then_some(at)
        });
        end?.checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_of_every_scalar_and_the_order_of_members() {
        let text = r#" {"b" : [1.50, -0,1e999 ,"\"\\", true],"a":{}, "k\u00e9y":null,"b":[ ]} "#;
        let tree = Tree::read(text).unwrap().unwrap();
        let scalar = |text: &'static str| Tree::same(Value::Scalar(text.into()));
        let items = ["1.50", "-0", "1e999", r#""\"\\""#, "true"].map(scalar).to_vec();
        let expected = vec![
            ("b".to_owned(), Tree::same(Value::Array(items))),
            ("a".to_owned(), Tree::same(Value::Object(vec![]))),
            ("kéy".to_owned(), Tree::null()),
            ("b".to_owned(), Tree::same(Value::Array(vec![]))),
        ];
        assert_eq!(tree, Tree::same(Value::Object(expected)));
    }

    #[test]
    fn reads_no_broken_document() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "\"", "nul", "[1] 2", "\u{feff}{}"] {
            assert_eq!(Tree::read(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn reads_documents_as_deep_as_its_bound_and_no_deeper() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        // The innermost array is empty, so there is one more of them than the bound.
        assert!(Tree::read(&nested(MAX_DEPTH + 1)).unwrap().is_some());
        assert_eq!(Tree::read(&nested(MAX_DEPTH + 2)), Ok(None));
        assert_eq!(Tree::read(&nested(1_000_000)), Ok(None));
    }

    #[test]
    fn reads_documents_of_as_many_values_as_its_bound_and_no_more() {
        // The array is one value itself.
        let wide = |count: usize| format!("[{}]", vec!["[]"; count - 1].join(","));
        assert_eq!(Tree::read(&wide(MAX_VALUES)).unwrap().unwrap().items().len(), MAX_VALUES - 1);
        assert_eq!(Tree::read(&wide(MAX_VALUES + 1)), Err(TooManyValues));
        let object = format!(r#"{{"a": {}}}"#, wide(MAX_VALUES));
        assert_eq!(Tree::read(&object), Err(TooManyValues));
    }
}
