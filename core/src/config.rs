//! The plugin's configuration: JSON as the operator wrote it, checked once into [`Config`].
//!
//! Owns the checks; `raw` has every default. An error names the field and never a value, since a
//! secret may stand in the wrong field. The environment is an argument.
//! Specification: `docs/contract.md`, section 7.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::document::Rules;
use crate::repeats::{Limits, Repeats};
use crate::route::Route;
use crate::signature::Verifier;

pub use self::delivery::{Delivery, MOST_SECRET_BYTES, News};
pub use self::draft::{Draft, Subscription};
pub use self::guarded::Guarded;

mod delivery;
mod draft;
mod guarded;
mod raw;

/// A configuration that the filter can work with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which requests are guarded.
    pub route: Route,
    /// How they are verified.
    pub verifier: Verifier,
    /// The longest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// What a verdict does.
    pub mode: Mode,
    /// How the schema is applied.
    pub rules: Rules,
    /// Whether this filter holds the head back, which needs Envoy 1.35 and its plugin option
    /// `allow_on_headers_stop_iteration`; else Envoy's `buffer` filter behind it must.
    pub hold_headers: bool,
    /// How repeats of events that the upstream has taken are remembered, if they are.
    pub duplicates: Option<Limits>,
}

/// The most that `max_body_bytes` may be: 8 MiB.
///
/// A document of the shortest markers takes over a hundred times its length in memory while it is
/// read and its event is written, which is nearly eighteen times as long (`core/tests/cost`
/// searches for the worst, and fails where the next sentence is no longer true). The longest one
/// then fits in a quarter of the 4 GiB that a module can address. No more than one is in a worker's
/// module at a time, however many requests Envoy holds: a body stays with Envoy until its end, and
/// goes within the callback that reads it.
pub const MOST_BODY_BYTES: u32 = 8 * 1024 * 1024;

/// No event has so many times the bytes of its document (`core/tests/cost` holds the worst against
/// it).
pub const EVENT_GROWTH_BOUND: u32 = 20;

/// What a verdict does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It decides over the request.
    #[default]
    Enforce,
    /// It is counted, logged and told to the upstream; the request goes on untouched.
    Shadow,
}

impl Config {
    /// Checks the plugin configuration's JSON text, for a host that has no secrets by SDS; an
    /// empty text counts as `{}`. `environment` gives a variable's bytes, or `None` where it is not
    /// set.
    ///
    /// # Errors
    /// [`Unusable`] for text that is not JSON, a field that is unknown or has a bad value, a secret
    /// that is missing, no secret or one by SDS, and where no secret is configured at all.
    pub fn parse<V: Into<Vec<u8>>>(
        text: &[u8],
        environment: impl Fn(&str) -> Option<V>,
    ) -> Result<Self, Unusable> {
        let draft = Draft::parse(text, environment)?;
        match draft.subscriptions().first() {
            None => draft.fill(|_| None),
            Some(subscription) => {
                Err(draft.unusable(&subscription.field, "needs the native module"))
            }
        }
    }

    /// Opens the memory of events that the upstream has taken, where the configuration wants one.
    /// Only then is `open` called, which says what is wrong where the host cannot have a memory.
    ///
    /// Shadow mode has no memory: every request goes on.
    ///
    /// # Errors
    /// [`Unusable`] with what `open` said.
    pub fn open_repeats<E: fmt::Display>(
        self,
        open: impl FnOnce(Limits) -> Result<Arc<dyn Repeats>, E>,
    ) -> Result<(Self, Option<Arc<dyn Repeats>>), Unusable> {
        let Some(limits) = self.limits() else { return Ok((self, None)) };
        match open(limits) {
            Ok(repeats) => Ok((self, Some(repeats))),
            Err(problem) => Err(self.unusable("duplicates", problem)),
        }
    }

    /// How repeats are remembered, if they are: in shadow mode every request goes on.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.duplicates.filter(|_| self.mode == Mode::Enforce)
    }

    /// Refuses a configuration that this host cannot carry out, for the problem of a field.
    #[must_use]
    pub fn unusable(self, field: &str, problem: impl fmt::Display) -> Unusable {
        let error = ConfigError::new(field, problem);
        Unusable { guarded: Guarded::Path(self.route), error }
    }

    /// Refuses a configuration that leaves heads to another filter, for a host that always holds
    /// them.
    ///
    /// # Errors
    /// [`Unusable`] where `hold_headers` is false.
    pub fn holding_heads(self) -> Result<Self, Unusable> {
        if self.hold_headers {
            Ok(self)
        } else {
            Err(self.unusable("hold_headers", "must be true: this host holds heads itself"))
        }
    }

    /// What is usable and still likely to be a mistake that leaves the endpoint open, for the log.
    pub fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let path = self.route.path();
        [
            (self.mode == Mode::Shadow).then_some(
                "mode is shadow: nothing is refused, and every request goes on, verified or not",
            ),
            path.bytes().any(|byte| byte.is_ascii_uppercase()).then_some(
                "path has capital letters: it is guarded in exactly these, and no others",
            ),
            (path == "/").then_some("path is /: it is guarded alone, and nothing below it"),
            (!self.verifier.is_complete()).then_some(draft::SVIX_IS_MISSING),
        ]
        .into_iter()
        .flatten()
    }
}

/// A configuration that every guarded request is refused under; its text is the line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Which requests are refused.
    pub guarded: Guarded,
    /// What is wrong.
    pub error: ConfigError,
}

impl Unusable {
    /// What comes of it, in words.
    #[must_use]
    pub const fn consequence(&self) -> &'static str {
        // Both say what is refused: who sees one of them must be able to tell them apart.
        match self.guarded {
            Guarded::Path(_) => "its path is answered with 500",
            Guarded::Everything => {
                "everything is answered with 500, since it does not say which path was meant"
            }
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration is unusable: {}; {}", self.error, self.consequence())
    }
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    field: String,
    problem: String,
    position: Option<Position>,
}

/// A place in a configuration's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in bytes; 0 is the end of the line before.
    pub column: usize,
}

impl ConfigError {
    fn new(field: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { field: field.into(), problem: problem.to_string(), position: None }
    }

    fn at(self, position: Position) -> Self {
        Self { position: Some(position), ..self }
    }

    /// The field that is wrong, for instance `svix.secrets[0]`; `configuration` is the whole.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it; it holds no value.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// Where the text stopped making sense, if it did.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.position
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)?;
        match self.position {
            Some(Position { line, column }) => write!(f, " (line {line} column {column})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
