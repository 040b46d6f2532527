//! A configuration as it was read, whose secrets may still have to come.
//!
//! Owns the checks of the text, and what becomes of it once secrets are delivered. Which those are
//! is data: a host subscribes to them, and hands in their values. Specification:
//! `docs/contract.md`, sections 7 and 10.

use std::fmt;
use std::time::Duration;

use super::raw::{Object, Raw, RawSecret};
use super::{Config, ConfigError, Guarded, MOST_BODY_BYTES, Unusable};
use crate::document::Rules;
use crate::repeats::Limits;
use crate::route::Route;
use crate::signature::{
    NoSecret, SVIX_PREFIX, SchemeName, Secret, SecretError, Slot, Verifier, hmac, svix,
};

/// A checked configuration; [`Self::fill`] makes it one that verifies.
#[derive(Debug)]
pub struct Draft {
    /// All of it but the secrets: its verifier may have none, and so stays in here.
    rest: Config,
    svix: Vec<Entry>,
    hmac: Vec<Entry>,
    subscriptions: Vec<Subscription>,
}

/// An entry of a list of secrets.
#[derive(Debug)]
enum Entry {
    Known(Secret),
    /// By its place among the subscriptions.
    Delivered(usize),
    /// The one entry of a scheme that stays on although none of its optional secrets is there.
    Missing,
}

/// A secret that the host delivers, and may change at any time.
#[derive(Debug)]
pub struct Subscription {
    /// The field of the configuration.
    pub field: String,
    /// Its name, as Envoy knows it.
    pub name: String,
    /// Envoy's `ConfigSource` as JSON; `None` means a static secret.
    pub source: Option<String>,
    pub(super) scheme: &'static Scheme,
}

/// How a scheme reads its secrets.
#[derive(Debug)]
pub(super) struct Scheme {
    pub(super) name: SchemeName,
    pub(super) parse: fn(&str) -> Result<Secret, SecretError>,
    /// What of a text counts, to tell an empty one.
    pub(super) clean: fn(&str) -> &str,
}

const SVIX: Scheme = Scheme { name: SchemeName::Svix, parse: Secret::svix, clean: str::trim };
const HMAC: Scheme = Scheme { name: SchemeName::Hmac, parse: Secret::plain, clean: |text| text };

/// Said at the start where a Svix that is configured has no secret.
pub(super) const SVIX_IS_MISSING: &str = "svix.secrets: none of them is there, so webhooks with \
     Svix's headers fail with reason=configuration; hmac goes on verifying";

impl Draft {
    /// Checks the plugin configuration's JSON text; an empty text counts as `{}`. `environment`
    /// gives a variable's bytes, or `None` where it is not set.
    ///
    /// # Errors
    /// As of [`Config::parse`], but for secrets by SDS.
    pub fn parse<V: Into<Vec<u8>>>(
        text: &[u8],
        environment: impl Fn(&str) -> Option<V>,
    ) -> Result<Self, Unusable> {
        Self::from_json(text, |name| environment(name).map(Into::into))
            .map_err(|error| Unusable { guarded: Guarded::read(text), error })
    }

    /// The secrets that have to be delivered, in order.
    #[must_use]
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// As [`Config::holding_heads`].
    ///
    /// # Errors
    /// [`Unusable`] where `hold_headers` is false.
    pub fn holding_heads(self) -> Result<Self, Unusable> {
        self.rest.clone().holding_heads()?;
        Ok(self)
    }

    /// How repeats are remembered, if they are: in shadow mode every request goes on.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.rest.limits()
    }

    /// What is usable and still likely to be a mistake, for the log.
    pub fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let is_missing = matches!(self.svix[..], [Entry::Missing]);
        self.rest.warnings().chain(is_missing.then_some(SVIX_IS_MISSING))
    }

    /// Refuses a configuration that this host cannot carry out, for the problem of a field.
    #[must_use]
    pub fn unusable(&self, field: &str, problem: impl fmt::Display) -> Unusable {
        self.rest.clone().unusable(field, problem)
    }

    /// The configuration with these secrets, by the place of their subscriptions.
    ///
    /// # Errors
    /// [`Unusable`] where there is no secret at all.
    pub fn fill(&self, secret: impl Fn(usize) -> Slot) -> Result<Config, Unusable> {
        let slots = |entries: &[Entry]| {
            let slot = |entry: &Entry| match entry {
                Entry::Known(secret) => Some(secret.clone()),
                Entry::Delivered(place) => secret(*place),
                Entry::Missing => None,
            };
            entries.iter().map(slot).collect()
        };
        let verifier = self.rest.verifier.with_slots(slots(&self.svix), slots(&self.hmac));
        if verifier.is_usable() {
            return Ok(Config { verifier, ..self.rest.clone() });
        }
        let fields: Vec<_> = self.subscriptions.iter().map(|own| own.field.as_str()).collect();
        Err(self.unusable(&fields.join(", "), "no usable secret has come by SDS"))
    }

    /// The configuration with this text in the place of every secret that is delivered, for one who
    /// judges it without them.
    ///
    /// # Errors
    /// [`Unusable`] where the text is no secret either.
    pub fn with_stand_in(&self, text: &str) -> Result<Config, Unusable> {
        self.fill(|place| (self.subscriptions.get(place)?.scheme.parse)(text).ok())
    }

    fn from_json(
        text: &[u8],
        environment: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, ConfigError> {
        let raw = Raw::read(text)?;
        let route = Route::new(&raw.path).map_err(|error| ConfigError::new("path", error))?;
        let mut subscriptions = Vec::new();
        let mut read =
            |scheme, secrets| read_secrets(scheme, secrets, &environment, &mut subscriptions);
        let has_svix = !raw.svix.0.secrets.is_empty();
        let mut svix_secrets = read(&SVIX, raw.svix.0.secrets)?;
        let hmac_secrets = read(&HMAC, raw.hmac.0.secrets)?;
        let seconds = Duration::from_secs;
        let svix = svix::Scheme::new(Vec::new(), seconds(raw.svix.0.tolerance_seconds));
        let tolerance = seconds(raw.hmac.0.tolerance_seconds);
        let hmac = hmac::Scheme::new(Vec::new(), &raw.hmac.0.headers, tolerance)
            .map_err(|error| ConfigError::new("hmac.headers", error))?;
        if svix_secrets.is_empty() && hmac_secrets.is_empty() {
            return Err(ConfigError::new("svix.secrets, hmac.secrets", NoSecret));
        }
        if has_svix && svix_secrets.is_empty() {
            // Off, it would let the weaker scheme decide over what Svix should.
            svix_secrets.push(Entry::Missing);
        }
        let max_body_bytes = Some(raw.max_body_bytes.get())
            .filter(|bytes| *bytes <= MOST_BODY_BYTES)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(|| {
                let problem = format!("must be 1 to {MOST_BODY_BYTES} (8 MiB)");
                ConfigError::new("max_body_bytes", problem)
            })?;
        let duplicates = raw
            .duplicates
            .map(|Object(raw)| Limits::new(raw.remember, raw.seconds))
            .transpose()
            .map_err(|error| ConfigError::new(format!("duplicates.{}", error.field()), error))?;
        let rules = Rules { unknown_events: raw.unknown_events, nulls: raw.nulls };
        let rest = Config {
            route,
            verifier: Verifier::without_secrets(svix, hmac),
            max_body_bytes,
            mode: raw.mode,
            rules,
            hold_headers: raw.hold_headers,
            duplicates,
        };
        Ok(Self { rest, svix: svix_secrets, hmac: hmac_secrets, subscriptions })
    }
}

fn read_secrets(
    scheme: &'static Scheme,
    secrets: Vec<Object<RawSecret>>,
    environment: &impl Fn(&str) -> Option<Vec<u8>>,
    subscriptions: &mut Vec<Subscription>,
) -> Result<Vec<Entry>, ConfigError> {
    const FORMS: &str = "must be {\"env\": NAME}, {\"inline\": SECRET} or {\"sds\": NAME}";
    let mut entries = Vec::new();
    for (index, Object(secret)) in secrets.into_iter().enumerate() {
        let field = format!("{}.secrets[{index}]", scheme.name.as_str());
        let error = |problem: &dyn fmt::Display| ConfigError::new(field.as_str(), problem);
        let RawSecret { env, inline, optional, sds, config_source } = secret;
        let text = match (env, inline, sds, config_source) {
            (Some(name), None, None, None) => {
                let value = String::from_utf8(environment(&name).unwrap_or_default())
                    .map_err(|_| error(&"the environment variable is not UTF-8"))?;
                match ((scheme.clean)(&value).is_empty(), optional) {
                    (false, _) => value,
                    (true, true) => continue,
                    (true, false) => {
                        return Err(error(&"the environment variable is missing or empty"));
                    }
                }
            }
            (None, Some(text), None, None) if !optional => text,
            (None, None, Some(name), source) if !optional => {
                let field = format!("{field}.sds");
                if name.is_empty() {
                    return Err(ConfigError::new(field, "must not be empty"));
                }
                // Envoy writes names to its log and into those of its metrics.
                if name.trim_start().starts_with(SVIX_PREFIX) {
                    return Err(ConfigError::new(field, "must be a secret's name, not the secret"));
                }
                entries.push(Entry::Delivered(subscriptions.len()));
                let source = source.map(|Object(source)| source.json());
                subscriptions.push(Subscription { field, name, source, scheme });
                continue;
            }
            (None, Some(_), None, None) => {
                return Err(error(&"optional is for env alone: an inline secret is always there"));
            }
            (None, None, Some(_), _) => {
                return Err(error(&"optional is for env alone: one by SDS may always be missing"));
            }
            (_, _, None, Some(_)) => {
                return Err(ConfigError::new(format!("{field}.config_source"), "needs sds"));
            }
            _ => return Err(error(&FORMS)),
        };
        entries.push(Entry::Known((scheme.parse)(&text).map_err(|problem| error(&problem))?));
    }
    Ok(entries)
}
