//! What an unusable configuration guards.
//!
//! Fails closed: a mistake must not open the endpoint that the operator meant, and only the text
//! can tell which that was. Where it does not, nobody knows, and every request is refused.
//! Specification: `docs/contract.md`, section 7.

use super::raw::{self, Fields};
use crate::json::{Kind, Scanner, Stop, Text};
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
        let text = str::from_utf8(text).ok();
        text.and_then(|text| Self::of_json(text).ok()).unwrap_or(Self::Everything)
    }

    /// By the scanner of documents: serde's reader ends at a number that is too large for it.
    fn of_json(text: &str) -> Result<Self, Stop> {
        let mut scanner = Scanner::new(text);
        let (mut paths, mut are_known) = (Vec::new(), true);
        if scanner.kind()? != Kind::Object {
            return Ok(Self::Everything);
        }
        scanner.begin()?;
        while let Some(key) = scanner.next_key()? {
            let name = scanner.text_of(key)?;
            if name.as_str() == "path" && scanner.kind()? == Kind::String {
                paths.push(Route::new(scanner.string()?.as_str()).ok());
            } else if name.as_str() == "path" {
                scanner.value()?;
                paths.push(None);
            } else {
                are_known &= is_known_field(&mut scanner, &name, &raw::FIELDS)?;
            }
        }
        scanner.end()?;
        Ok(match (paths.pop(), paths.is_empty()) {
            (None, _) if are_known => Self::Path(Route::default()),
            (Some(Some(path)), true) => Self::Path(path),
            _ => Self::Everything,
        })
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

/// Reads the value of the field `name`: whether it is among `known`, and so are all fields in it.
fn is_known_field(
    scanner: &mut Scanner<'_>,
    name: &Text<'_>,
    known: &Fields,
) -> Result<bool, Stop> {
    let Some(known) = known.0 else { return scanner.value().map(|_| true) };
    match known.iter().find(|(own, _)| *own == name.as_str()) {
        Some((_, inner)) => has_known_fields(scanner, inner),
        None => scanner.value().map(|_| false),
    }
}

/// Reads a value, which the scanner's bound on depth keeps from being too deep for the stack.
fn has_known_fields(scanner: &mut Scanner<'_>, known: &Fields) -> Result<bool, Stop> {
    let mut are_known = true;
    match scanner.kind()? {
        Kind::Object => {
            scanner.begin()?;
            while let Some(key) = scanner.next_key()? {
                let name = scanner.text_of(key)?;
                are_known &= is_known_field(scanner, &name, known)?;
            }
        }
        Kind::Array => {
            scanner.begin()?;
            while scanner.next_item()? {
                are_known &= has_known_fields(scanner, known)?;
            }
        }
        _ => drop(scanner.value()?),
    }
    Ok(are_known)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

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

    /// RFC 8259 bounds no number; the bound on depth is that of documents.
    #[test]
    fn json_that_serde_cannot_hold_says_which_path_was_meant() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let hooks = || Guarded::Path(Route::new("/hooks").unwrap());
        let default = || Guarded::Path(Route::default());
        for (value, is_json) in [
            ("1e999", true),
            ("1e", false),
            (&*nested(63), true),
            (&*nested(64), false),
            (&*nested(1_000_000), false),
        ] {
            let or = |guarded| if is_json { guarded } else { Guarded::Everything };
            for (text, guarded) in [
                (format!(r#"{{"path":"/hooks","mode":{value}}}"#), or(hooks())),
                (format!(r#"{{"path":"/hooks","unknown":{value}}}"#), or(hooks())),
                (format!(r#"{{"mode":{value}}}"#), or(default())),
                (format!(r#"{{"unknown":{value}}}"#), Guarded::Everything),
                (format!(r#"{{"path":{value}}}"#), Guarded::Everything),
            ] {
                let shown = &text[..text.len().min(80)];
                assert_eq!(Guarded::read(text.as_bytes()), guarded, "{shown}");
            }
        }
    }

    /// serde names no unknown field for any of them, and for any other name it does.
    #[test]
    fn the_known_fields_are_those_that_are_read() {
        fn check(fields: &Fields, place: &mut Vec<&'static str>, checked: &mut usize) {
            for (name, inner) in fields.0.unwrap_or_default() {
                let text = nested(place, name);
                assert!(!error(&text).contains("unknown field"), "{text}");
                if text != r#"{"path":null}"# {
                    let guarded = Guarded::Path(Route::default());
                    assert_eq!(Guarded::read(text.as_bytes()), guarded, "{text}");
                }
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
