//! What an unusable configuration guards.
//!
//! Fails closed: a mistake must not open the endpoint that the operator meant, and only the text can
//! tell which that was. Where it does not, nobody knows, and every request is refused.
//! Specification: `docs/contract.md`, section 7.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::raw::{self, Fields};
use crate::route::{Route, Target};

/// What the requests are that an unusable configuration refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// Those for one path.
    Path(Route),
    /// All of them: the configuration does not say which path was meant.
    Everything,
}

impl Guarded {
    /// Reads it from a configuration's text, whatever else is wrong with that.
    ///
    /// The configured path, where valid JSON has `path` once, with a valid value. The default one,
    /// where valid JSON has known fields alone, at every level, and no `path`: an unknown field may
    /// be a `path` that was misspelled, or put into another object by a wrong indentation.
    pub(super) fn read(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::Path(Route::default());
        }
        let Ok(Shape::Object(fields)) = serde_json::from_slice(text) else {
            return Self::Everything;
        };
        let mut paths = fields.iter().filter(|(name, _)| name == "path").map(|(_, value)| value);
        match (paths.next(), paths.next()) {
            (None, _) if are_known(&fields, &raw::FIELDS) => Self::Path(Route::default()),
            (Some(Shape::Text(path)), None) => {
                Route::new(path).map_or(Self::Everything, Self::Path)
            }
            _ => Self::Everything,
        }
    }

    /// Whether a request for `target`, the `:path` as received, may be one of them.
    #[must_use]
    pub fn covers(&self, target: &[u8]) -> bool {
        match self {
            Self::Path(route) => route.classify(target) != Target::Unguarded,
            Self::Everything => true,
        }
    }
}

/// Whether all fields of an object, and of the objects in it, are among `known`.
fn are_known(fields: &[(String, Shape)], known: &Fields) -> bool {
    let Some(known) = known.0 else { return true };
    fields.iter().all(|(name, value)| {
        let field = known.iter().find(|(own, _)| own == name);
        field.is_some_and(|(_, inner)| has_known_fields(value, inner))
    })
}

fn has_known_fields(value: &Shape, known: &Fields) -> bool {
    match value {
        Shape::Object(fields) => are_known(fields, known),
        Shape::Array(items) => items.iter().all(|item| has_known_fields(item, known)),
        Shape::Text(_) | Shape::Other => true,
    }
}

/// JSON as far as it matters here: every key, also one that is given twice.
enum Shape {
    Object(Vec<(String, Shape)>),
    Array(Vec<Shape>),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Shape::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Shape::Array(all))
    }

    fn visit_str<E>(self, text: &str) -> Result<Shape, E> {
        Ok(Shape::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// `{"inside": {"field": null}}`, with `field` as deep as the place says.
    fn nested(place: &[&str], field: &str) -> String {
        let inner = format!(r#"{{"{field}":null}}"#);
        place.iter().rev().fold(inner, |inner, name| match *name {
            "secrets" => format!(r#"{{"secrets":[{inner}]}}"#),
            name => format!(r#"{{"{name}":{inner}}}"#),
        })
    }

    fn error(text: &str) -> String {
        Config::parse(text.as_bytes(), |_| None::<String>).unwrap_err().error.to_string()
    }

    /// serde names no unknown field for any of them, and for any other name it does.
    #[test]
    fn the_known_fields_are_those_that_are_read() {
        fn check(fields: &Fields, place: &mut Vec<&'static str>, checked: &mut usize) {
            for (name, inner) in fields.0.unwrap_or_default() {
                let text = nested(place, name);
                assert!(!error(&text).contains("unknown field"), "{text}");
                let shape: Shape = serde_json::from_str(&text).unwrap();
                assert!(has_known_fields(&shape, &raw::FIELDS), "{text}");
                *checked += 1;
                place.push(name);
                if inner.0.is_some_and(|inner| !inner.is_empty()) {
                    let text = nested(place, "unknown");
                    assert!(error(&text).contains("unknown field"), "{text}");
                    assert_eq!(Guarded::read(text.as_bytes()), Guarded::Everything, "{text}");
                    check(inner, place, checked);
                }
                place.pop();
            }
        }
        let mut checked = 0;
        check(&raw::FIELDS, &mut Vec::new(), &mut checked);
        assert_eq!(checked, 44);
    }

    /// serde's own list of the fields that it expects.
    #[test]
    fn no_field_that_is_read_is_missing_among_the_known_ones() {
        use serde::de::value::{Error, MapDeserializer};

        fn expected<'de, T: Deserialize<'de>>() -> String {
            let unknown = [("\0", 0_u8)].into_iter();
            let read = T::deserialize(MapDeserializer::<_, Error>::new(unknown));
            read.err().unwrap().to_string()
        }

        fn inner(fields: &Fields, place: usize) -> &Fields {
            &fields.0.unwrap()[place].1
        }

        let (svix, hmac) = (inner(&raw::FIELDS, 1), inner(&raw::FIELDS, 2));
        let secret = inner(svix, 0);
        for (message, known) in [
            (expected::<raw::Raw>(), &raw::FIELDS),
            (expected::<raw::RawSvix>(), svix),
            (expected::<raw::RawHmac>(), hmac),
            (expected::<raw::RawSecret>(), secret),
            (expected::<raw::RawSource>(), inner(secret, 4)),
            (expected::<raw::RawDuplicates>(), inner(&raw::FIELDS, 8)),
        ] {
            // "unknown field `x`, expected one of `a`, `b`"
            let listed: Vec<_> = message.split('`').skip(3).step_by(2).collect();
            let known: Vec<_> = known.0.unwrap().iter().map(|(name, _)| *name).collect();
            assert_eq!(listed, known, "{message}");
        }
    }
}
