//! Secrets that a host delivers while requests are served: what has come, and what that means.
//!
//! A value is read once for each change of it, by comparing it with the one before: what a request
//! costs is that comparison. Nothing here ends a request; one that is under way keeps the secrets
//! that it began with. Specification: `docs/contract.md`, section 10.

use std::fmt;
use std::sync::Arc;

use super::draft::{Draft, Scheme, Subscription};
use super::{Config, Unusable};
use crate::signature::{SchemeName, Secret, SecretError, Verifier};

/// The longest value that is read, in bytes: each request compares as many with what came before.
/// A key of HMAC-SHA256 is of no more use than one of 64 bytes (RFC 2104, section 3).
pub const MOST_SECRET_BYTES: usize = 4096;

/// A configuration and the secrets that have come for it.
#[derive(Debug)]
pub struct Delivery {
    draft: Draft,
    values: Vec<Value>,
    plugin: Arc<Result<Config, Unusable>>,
}

/// The value of one subscription.
struct Value {
    /// As it came; Envoy keeps it too.
    bytes: Vec<u8>,
    secret: Result<Secret, Problem>,
    /// What was told of it last, if anything.
    told: Option<Result<(), Problem>>,
}

impl Value {
    fn state(&self) -> Result<(), Problem> {
        self.secret.as_ref().map(drop).map_err(|problem| *problem)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.secret.fmt(f)
    }
}

/// A line about a secret, for the log: it names the field, and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It does not verify, or no longer.
    Bad(String),
    /// It verifies again.
    Good(String),
}

impl Delivery {
    /// Starts with nothing delivered.
    #[must_use]
    pub fn new(draft: Draft) -> Self {
        let nothing = |_: &Subscription| Value {
            bytes: Vec::new(),
            secret: Err(Problem::Absent),
            told: None,
        };
        let values = draft.subscriptions().iter().map(nothing).collect();
        let plugin = Arc::new(draft.fill(|_| None));
        Self { draft, values, plugin }
    }

    /// The configuration as it was read.
    #[must_use]
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// What the secrets that have come make of it.
    #[must_use]
    pub const fn plugin(&self) -> &Arc<Result<Config, Unusable>> {
        &self.plugin
    }

    /// Takes the present value of each subscription, by its place; whether any has changed, and
    /// with it the plugin.
    pub fn update<'v>(&mut self, present: impl Fn(usize) -> Option<&'v [u8]>) -> bool {
        let mut is_changed = false;
        let subscriptions = self.draft.subscriptions();
        for (place, (value, own)) in self.values.iter_mut().zip(subscriptions).enumerate() {
            // Envoy gives an empty value where none ever came.
            let bytes = present(place).unwrap_or_default();
            // The beginning of one that is too long tells as much.
            let bytes = bytes.get(..=MOST_SECRET_BYTES).unwrap_or(bytes);
            if value.bytes != bytes {
                value.secret = read(bytes, own.scheme);
                value.bytes = bytes.to_vec();
                is_changed = true;
            }
        }
        if is_changed {
            let slot =
                |place: usize| self.values.get(place).and_then(|value| value.secret.clone().ok());
            self.plugin = Arc::new(self.draft.fill(slot));
        }
        is_changed
    }

    /// What there is to tell since the last time: once for each change from one state to another,
    /// and nothing of a secret that verifies from the start, or verifies after another that did.
    /// `may_come` says that a secret which is not there is none to tell of yet.
    pub fn news(&mut self, may_come: bool) -> Vec<News> {
        let mut news = Vec::new();
        for (value, own) in self.values.iter_mut().zip(self.draft.subscriptions()) {
            let state = value.state();
            if value.told == Some(state) || may_come && state == Err(Problem::Absent) {
                continue;
            }
            let field = &own.field;
            match (value.told.replace(state), state) {
                (_, Err(problem)) => news.push(News::Bad(match &*self.plugin {
                    Err(_) => self.draft.unusable(field, problem).to_string(),
                    Ok(config) => {
                        let consequence = consequence(own.scheme.name, &config.verifier);
                        format!("{field}: {problem}; {consequence}")
                    }
                })),
                (Some(Err(_)), Ok(())) => {
                    news.push(News::Good(format!("{field}: the secret by SDS has come")));
                }
                (Some(Ok(())) | None, Ok(())) => {}
            }
        }
        news
    }
}

/// What comes of a secret of this scheme that is none, while some other verifies.
fn consequence(scheme: SchemeName, verifier: &Verifier) -> &'static str {
    match (verifier.has_secret(scheme), scheme) {
        (true, _) => "the other secrets go on verifying",
        (false, SchemeName::Svix) => {
            "svix has no usable secret, so its webhooks fail with reason=configuration; hmac goes \
             on verifying"
        }
        (false, SchemeName::Hmac) => {
            "hmac has no usable secret, so its webhooks fail with reason=configuration; svix goes \
             on verifying"
        }
    }
}

/// Why a delivered value is no secret; says nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Absent,
    TooLong,
    NotText,
    Refused(SecretError),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("the secret by SDS has not come, or is empty"),
            Self::TooLong => {
                write!(f, "the secret by SDS is longer than {MOST_SECRET_BYTES} bytes")
            }
            Self::NotText => f.write_str("the secret by SDS is not UTF-8"),
            Self::Refused(error) => write!(f, "of the secret by SDS: {error}"),
        }
    }
}

/// Reads a value as one of the environment is read.
fn read(bytes: &[u8], scheme: &Scheme) -> Result<Secret, Problem> {
    if bytes.len() > MOST_SECRET_BYTES {
        return Err(Problem::TooLong);
    }
    let text = str::from_utf8(bytes).map_err(|_| Problem::NotText)?;
    if (scheme.clean)(text).is_empty() {
        return Err(Problem::Absent);
    }
    (scheme.parse)(text).map_err(Problem::Refused)
}

#[cfg(test)]
mod tests;
