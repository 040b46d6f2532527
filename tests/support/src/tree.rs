//! JSON whose numbers keep their digits.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A JSON value whose numbers keep their digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Tree>),
    Object(Fields),
}

pub type Fields = BTreeMap<String, Tree>;

impl Tree {
    pub fn parse(text: &str) -> Self {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        let text = raw.get();
        match text.as_bytes()[0] {
            b'n' => Self::Null,
            b't' | b'f' => Self::Boolean(text == "true"),
            b'"' => Self::Text(serde_json::from_str(text).unwrap()),
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).unwrap();
                Self::Array(items.iter().map(|item| Self::parse(item.get())).collect())
            }
            b'{' => {
                let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
                let tree = |(key, value): (String, Box<RawValue>)| (key, Self::parse(value.get()));
                Self::Object(fields.into_iter().map(tree).collect())
            }
            _ => Self::Number(text.to_owned()),
        }
    }

    pub fn fields(&self) -> &Fields {
        let Self::Object(fields) = self else { panic!("not an object: {self:?}") };
        fields
    }

    pub fn items(&self) -> &[Self] {
        let Self::Array(items) = self else { panic!("not an array: {self:?}") };
        items
    }

    pub fn at(&self, key: &str) -> &Self {
        self.fields().get(key).unwrap_or_else(|| panic!("no {key} in {self:?}"))
    }
}
