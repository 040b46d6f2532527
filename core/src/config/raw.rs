//! The configuration as it is spelled: serde's view of it, with every default.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{ConfigError, Mode, Position};
use crate::document::{Nulls, UnknownEvents};
use crate::route::Route;
use crate::signature::hmac;

const DEFAULT_TOLERANCE_SECONDS: u64 = 300;
const DEFAULT_MAX_BODY_BYTES: u32 = 1024 * 1024;
const DEFAULT_SECRET: &str = "JUNCTION_WEBHOOK_SECRET";
const DEFAULT_PREVIOUS_SECRET: &str = "JUNCTION_WEBHOOK_SECRET_PREVIOUS";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) path: String,
    pub(super) svix: Object<RawSvix>,
    pub(super) hmac: Object<RawHmac>,
    pub(super) max_body_bytes: NonZeroU32,
    #[serde(deserialize_with = "word")]
    pub(super) mode: Mode,
    #[serde(deserialize_with = "word")]
    pub(super) unknown_events: UnknownEvents,
    #[serde(deserialize_with = "word")]
    pub(super) nulls: Nulls,
    pub(super) hold_headers: bool,
    pub(super) duplicates: Option<Object<RawDuplicates>>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            path: Route::DEFAULT.to_owned(),
            svix: Object::default(),
            hmac: Object::default(),
            max_body_bytes: NonZeroU32::MIN.saturating_add(DEFAULT_MAX_BODY_BYTES - 1),
            mode: Mode::default(),
            unknown_events: UnknownEvents::default(),
            nulls: Nulls::default(),
            hold_headers: true,
            duplicates: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSvix {
    pub(super) secrets: Vec<Object<RawSecret>>,
    pub(super) tolerance_seconds: u64,
}

impl Default for RawSvix {
    fn default() -> Self {
        let env = |name: &str, optional| {
            Object(RawSecret { env: Some(name.to_owned()), optional, ..RawSecret::default() })
        };
        Self {
            secrets: vec![env(DEFAULT_SECRET, false), env(DEFAULT_PREVIOUS_SECRET, true)],
            tolerance_seconds: DEFAULT_TOLERANCE_SECONDS,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawHmac {
    pub(super) secrets: Vec<Object<RawSecret>>,
    pub(super) headers: Vec<String>,
    pub(super) tolerance_seconds: u64,
}

impl Default for RawHmac {
    fn default() -> Self {
        Self {
            secrets: Vec::new(),
            headers: hmac::HEADERS.map(str::to_owned).to_vec(),
            tolerance_seconds: DEFAULT_TOLERANCE_SECONDS,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSecret {
    pub(super) env: Option<String>,
    pub(super) inline: Option<String>,
    pub(super) optional: bool,
    pub(super) sds: Option<String>,
    pub(super) config_source: Option<Object<RawSource>>,
}

/// Envoy's `ConfigSource`: the names of its fields are known here, in both of protobuf's spellings;
/// what they hold is for Envoy to judge. Any other field is an error, since it may be a field of
/// ours in the wrong place. So is `path`, which Envoy calls deprecated, and which is a field of
/// ours too.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    #[serde(alias = "pathConfigSource", skip_serializing_if = "Option::is_none")]
    path_config_source: Option<Value>,
    #[serde(alias = "apiConfigSource", skip_serializing_if = "Option::is_none")]
    api_config_source: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ads: Option<Value>,
    #[serde(alias = "initialFetchTimeout", skip_serializing_if = "Option::is_none")]
    initial_fetch_timeout: Option<Value>,
    #[serde(alias = "resourceApiVersion", skip_serializing_if = "Option::is_none")]
    resource_api_version: Option<Value>,
}

impl RawSource {
    /// As JSON, for Envoy.
    pub(super) fn json(&self) -> String {
        // Nothing at all would be a static secret.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// Neither has a default: 0 is out of bounds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDuplicates {
    #[serde(default)]
    pub(super) remember: u64,
    #[serde(default)]
    pub(super) seconds: u64,
}

/// A JSON object: what serde derives for a struct also takes an array of its fields' values.
#[derive(Default)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for MapVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

/// The fields of an object, and what each may hold in its turn; `None` where that is not ours to
/// say.
pub(super) struct Fields(pub(super) Option<&'static [(&'static str, Fields)]>);

const NONE: Fields = Fields(Some(&[]));
const ANY: Fields = Fields(None);
const SOURCE: Fields = Fields(Some(&[
    ("pathConfigSource", ANY),
    ("path_config_source", ANY),
    ("apiConfigSource", ANY),
    ("api_config_source", ANY),
    ("ads", ANY),
    ("initialFetchTimeout", ANY),
    ("initial_fetch_timeout", ANY),
    ("resourceApiVersion", ANY),
    ("resource_api_version", ANY),
]));
const SECRET: Fields = Fields(Some(&[
    ("env", NONE),
    ("inline", NONE),
    ("optional", NONE),
    ("sds", NONE),
    ("config_source", SOURCE),
]));
/// Those of [`Raw`]; a test holds them against what serde takes.
pub(super) const FIELDS: Fields = Fields(Some(&[
    ("path", NONE),
    ("svix", Fields(Some(&[("secrets", SECRET), ("tolerance_seconds", NONE)]))),
    ("hmac", Fields(Some(&[("secrets", SECRET), ("headers", NONE), ("tolerance_seconds", NONE)]))),
    ("max_body_bytes", NONE),
    ("mode", NONE),
    ("unknown_events", NONE),
    ("nulls", NONE),
    ("hold_headers", NONE),
    ("duplicates", Fields(Some(&[("remember", NONE), ("seconds", NONE)]))),
]));

/// A field that takes a few words, as a string: serde would take an object with the word for its
/// one key as well.
fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(WordVisitor(PhantomData))
}

struct WordVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
        T::deserialize(word.into_deserializer())
    }
}

/// What the fields must be that take a few words; a test holds it against what serde takes.
pub(super) const WORDS: [(&str, &str); 3] = [
    ("mode", r#"must be "enforce" or "shadow""#),
    ("unknown_events", r#"must be "reject", "acknowledge" or "forward""#),
    ("nulls", r#"must be "reject" or "absent""#),
];

impl Raw {
    /// Reads the configuration's JSON text; an empty one counts as `{}`.
    pub(super) fn read(text: &[u8]) -> Result<Self, ConfigError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        // serde_json takes a word's place that holds something else for broken syntax.
        serde_json::from_slice::<IgnoredAny>(text)
            .map_err(|error| ConfigError::new(WHOLE, "not valid JSON").at(position_of(&error)))?;
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let Object(raw) = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let inner = error.inner();
            let field = field_of(&error);
            let problem = problem_of(&field, inner);
            ConfigError::new(field, problem).at(position_of(inner))
        })?;
        Ok(raw)
    }
}

/// How an error names the configuration as a whole.
const WHOLE: &str = "configuration";

/// Where an error is. A key that does not look like a field's name is not shown: somebody may have
/// put a secret in its place.
fn field_of(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let is_name = |key: &str| {
        key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let path = error.path().to_string();
    let shown = match error.path().iter().next_back() {
        Some(Segment::Map { key }) if !is_name(key) => path.strip_suffix(key.as_str()),
        Some(_) => Some(path.as_str()),
        None => None,
    };
    let shown = shown.map(|shown| shown.trim_end_matches('.')).unwrap_or_default();
    if shown.is_empty() { WHOLE.to_owned() } else { shown.to_owned() }
}

/// What serde found wrong in valid JSON, without the value that its own message may quote.
fn problem_of(field: &str, error: &serde_json::Error) -> &'static str {
    let message = error.to_string();
    // These messages of serde's name fields only; others may quote a value.
    if message.starts_with("unknown field") {
        "unknown field"
    } else if message.starts_with("duplicate field") {
        "a field is given twice"
    } else if let Some((_, problem)) = WORDS.iter().find(|(own, _)| *own == field) {
        problem
    } else {
        "not of the right type, or not an allowed value"
    }
}

fn position_of(error: &serde_json::Error) -> Position {
    Position { line: error.line(), column: error.column() }
}
