//! A cursor into JSON that is read one level at a time, so that numbers stay the text they came as
//! and every violation knows its JSON Pointer.
//!
//! A document tree would not do: it holds numbers as binary floating point, or refuses `1e999`.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// One JSON value, unread, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    text: &'a str,
    pointer: String,
}

/// What is wrong, and where; never which value was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) pointer: String,
    pub(crate) rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pointer to the whole document is the empty string, which nobody would see.
        let pointer = if self.pointer.is_empty() { "body" } else { &self.pointer };
        write!(f, "{pointer}: {}", self.rule)
    }
}

impl<'a> Place<'a> {
    /// The whole document, surrounding white space trimmed.
    pub(crate) fn document(bytes: &'a [u8]) -> Result<Self, Violation> {
        let broken = |rule| Violation { pointer: String::new(), rule };
        let text = str::from_utf8(bytes).map_err(|_| broken("not UTF-8"))?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| broken("not JSON"))?;
        Ok(Self { text: raw.get(), pointer: String::new() })
    }

    /// The value as it was sent, digit for digit.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn violates(&self, rule: &'static str) -> Violation {
        Violation { pointer: self.pointer.clone(), rule }
    }

    /// This value, unless it is null.
    pub(crate) fn present(self) -> Option<Self> {
        (self.text != "null").then_some(self)
    }

    pub(crate) fn string(&self) -> Result<String, Violation> {
        serde_json::from_str(self.text).map_err(|_| self.violates("not a string"))
    }

    pub(crate) fn nullable_string(self) -> Result<Option<String>, Violation> {
        self.present().map(|place| place.string()).transpose()
    }

    /// One of `words`, which is answered.
    pub(crate) fn word(&self, words: &[&'static str]) -> Result<&'static str, Violation> {
        let text = self.string()?;
        let found = words.iter().find(|word| **word == text);
        found.copied().ok_or_else(|| self.violates("not one of the known words"))
    }

    pub(crate) fn boolean(&self) -> Result<bool, Violation> {
        serde_json::from_str(self.text).map_err(|_| self.violates("not a boolean"))
    }

    pub(crate) fn number(&self) -> Result<(), Violation> {
        // The text is JSON already, so its first byte tells the kind.
        let number = self.text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if number { Ok(()) } else { Err(self.violates("not a number")) }
    }

    pub(crate) fn items(&self) -> Result<Vec<Self>, Violation> {
        let items: Vec<&'a RawValue> =
            serde_json::from_str(self.text).map_err(|_| self.violates("not an array"))?;
        let place = |(index, raw): (usize, &'a RawValue)| Self {
            text: raw.get(),
            pointer: format!("{}/{index}", self.pointer),
        };
        Ok(items.into_iter().enumerate().map(place).collect())
    }

    pub(crate) fn fields(self) -> Result<Fields<'a>, Violation> {
        let Members { found, repeated } =
            serde_json::from_str(self.text).map_err(|_| self.violates("not an object"))?;
        if repeated {
            return Err(self.violates("a field given twice"));
        }
        Ok(Fields { place: self, left: found })
    }
}

/// The fields of one object that are not yet read.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    place: Place<'a>,
    left: BTreeMap<String, &'a RawValue>,
}

impl<'a> Fields<'a> {
    pub(crate) fn take(&mut self, name: &str) -> Result<Place<'a>, Violation> {
        self.take_optional(name).ok_or_else(|| Violation {
            pointer: format!("{}/{name}", self.place.pointer),
            rule: "required",
        })
    }

    pub(crate) fn take_optional(&mut self, name: &str) -> Option<Place<'a>> {
        let raw = self.left.remove(name)?;
        Some(Place { text: raw.get(), pointer: format!("{}/{name}", self.place.pointer) })
    }

    /// Ends the object: no field may be left. The stray one is not named, since its name is the
    /// sender's text.
    pub(crate) fn end(self) -> Result<(), Violation> {
        if self.left.is_empty() { Ok(()) } else { Err(self.place.violates("unknown field")) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

/// An object's members; serde's own maps would let the last of two equal keys win unseen.
struct Members<'a> {
    found: BTreeMap<String, &'a RawValue>,
    repeated: bool,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members { found: BTreeMap::new(), repeated: false };
        while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
            members.repeated |= members.found.insert(name, raw).is_some();
        }
        Ok(members)
    }
}
