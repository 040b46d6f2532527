//! Whether a request was signed with a configured secret, within the tolerance.
//!
//! Owns the choice of the scheme, the running MACs and the verdict. [`Verifier::begin`] judges the
//! headers, [`Pending::update`] takes the raw body as it arrives, [`Pending::finish`] compares.
//! Never parses a body, never keeps one, never falls back from Svix to the weaker scheme, and
//! never reads a clock. Specifications: see [`svix`] and [`hmac`].

pub mod hmac;
pub mod svix;

mod mac;
mod timestamp;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use ::hmac::Mac as _;
use sha2::{Digest as _, Sha256};

pub use crate::signature::mac::{Secret, SecretError};
pub use crate::signature::timestamp::SentAt;

use crate::http::{Header, is_repeated, is_spelling};
pub(crate) use crate::signature::mac::SVIX_PREFIX;
use crate::signature::mac::{Mac, Tag};

/// The most tags one request may claim. Senders send one for each secret in rotation; without a
/// bound each would cost the comparison under every configured secret.
const MAX_TAGS: usize = 32;

/// A place for a configured secret: empty until a delivered secret comes, and while what came is no
/// usable secret.
pub(crate) type Slot = Option<Secret>;

/// Both schemes, at least one of them on.
#[derive(Clone, Debug)]
pub struct Verifier {
    svix: svix::Scheme,
    hmac: hmac::Scheme,
}

impl Verifier {
    /// Takes both schemes, either of which may be off for want of secrets.
    ///
    /// # Errors
    ///
    /// [`NoSecret`] when both are off: nothing could ever verify.
    pub fn new(svix: svix::Scheme, hmac: hmac::Scheme) -> Result<Self, NoSecret> {
        if svix.is_on() || hmac.is_on() { Ok(Self { svix, hmac }) } else { Err(NoSecret) }
    }

    /// Whether a scheme is on: it has a secret.
    #[must_use]
    pub fn is_on(&self, scheme: SchemeName) -> bool {
        match scheme {
            SchemeName::Svix => self.svix.is_on(),
            SchemeName::Hmac => self.hmac.is_on(),
        }
    }

    /// Both schemes, of which only what is beside their secrets counts.
    pub(crate) const fn without_secrets(svix: svix::Scheme, hmac: hmac::Scheme) -> Self {
        Self { svix, hmac }
    }

    /// The same schemes with other secrets, some of which may not be there.
    pub(crate) fn with_slots(&self, svix: Vec<Slot>, hmac: Vec<Slot>) -> Self {
        Self { svix: self.svix.with_slots(svix), hmac: self.hmac.with_slots(hmac) }
    }

    /// Whether there is any secret, so that something can verify.
    pub(crate) fn is_usable(&self) -> bool {
        self.svix.has_secret() || self.hmac.has_secret()
    }

    /// Whether one of a scheme's secrets is there; a scheme that is on may wait for its only one.
    pub(crate) fn has_secret(&self, scheme: SchemeName) -> bool {
        match scheme {
            SchemeName::Svix => self.svix.has_secret(),
            SchemeName::Hmac => self.hmac.has_secret(),
        }
    }

    /// Whether every scheme that is on has a secret.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_served = |scheme| self.has_secret(scheme) || !self.is_on(scheme);
        is_served(SchemeName::Svix) && is_served(SchemeName::Hmac)
    }

    /// The scheme that decides over a request which claims it, where none of its secrets is there:
    /// then nothing could verify the request, whoever signed it.
    #[must_use]
    pub fn lacking(&self, headers: &[Header]) -> Option<SchemeName> {
        if self.is_complete() {
            return None;
        }
        let is_claimed = |scheme: &SchemeName| match scheme {
            // It decides where it is claimed alone.
            SchemeName::Svix => true,
            SchemeName::Hmac => self.hmac.is_claimed(headers),
        };
        self.deciding(headers).filter(is_claimed).filter(|scheme| !self.has_secret(*scheme))
    }

    /// Judges the signature headers, whose names are in lower case, at `now` since the Unix epoch.
    ///
    /// Where Svix is on and one of its headers is present, Svix alone decides.
    ///
    /// # Errors
    ///
    /// Every [`SignatureError`] but [`SignatureError::Mismatch`], which needs the body.
    pub fn begin(&self, headers: &[Header], now: Duration) -> Result<Pending, SignatureError> {
        let mut security_headers = svix::HEADERS.into_iter().chain(self.hmac.headers());
        if security_headers.any(|name| is_repeated(headers, name)) {
            // Which of two values counts is a question that two parsers answer differently.
            return Err(SignatureError::Malformed);
        }
        match self.deciding(headers) {
            Some(SchemeName::Svix) => self.svix.begin(headers, now),
            Some(SchemeName::Hmac) => self.hmac.begin(headers, now),
            None => Err(SignatureError::Missing),
        }
    }

    /// The scheme that decides over a request with these headers; `None` where nothing could verify
    /// it, as only the other scheme is on.
    #[must_use]
    pub fn deciding(&self, headers: &[Header]) -> Option<SchemeName> {
        if self.svix.is_on() && svix::is_claimed(headers) {
            Some(SchemeName::Svix)
        } else {
            self.hmac.is_on().then_some(SchemeName::Hmac)
        }
    }

    /// How far from now, either way, the time may lie that a scheme has signed.
    #[must_use]
    pub const fn tolerance(&self, scheme: SchemeName) -> Duration {
        match scheme {
            SchemeName::Svix => self.svix.tolerance(),
            SchemeName::Hmac => self.hmac.tolerance(),
        }
    }

    /// The names of the plain HMAC's headers, in lower case, in the order in which they decide.
    pub fn plain_headers(&self) -> impl Iterator<Item = &str> {
        self.hmac.headers()
    }

    /// The event id that a request claims and nothing has proven yet, for the log of a refusal;
    /// `None` where it is malformed, given twice, or not read because Svix is off.
    #[must_use]
    pub fn claimed_id<'h>(&self, headers: &[Header<'h>]) -> Option<&'h str> {
        if self.svix.is_on() { svix::claimed_id(headers) } else { None }
    }

    /// Whether a header, its name in lower case, ends at the filter where `scheme` decides. All
    /// signature headers do, configured or documented, spelled with `_` too, but `svix-id` and
    /// `svix-timestamp`, which upstreams use, where Svix has signed them.
    #[must_use]
    pub fn withholds(&self, name: &str, scheme: SchemeName) -> bool {
        let stays = scheme == SchemeName::Svix && ["svix-id", "svix-timestamp"].contains(&name);
        !stays
            && svix::HEADERS
                .into_iter()
                .chain(self.hmac.signature_headers())
                .any(|own| is_spelling(name, own))
    }
}

/// A verifier without a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSecret;

impl fmt::Display for NoSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("svix or hmac must have a secret")
    }
}

impl Error for NoSecret {}

/// A request whose headers are in order and whose body is on its way.
#[derive(Debug)]
pub struct Pending {
    /// One for each secret that is there.
    macs: Vec<Mac>,
    claimed: Vec<Tag>,
    identity: Identity,
}

impl Pending {
    fn new(slots: &[Slot], prefix: &[&[u8]], claimed: Vec<Tag>, identity: Identity) -> Self {
        let start = |secret: &Secret| prefix.iter().fold(secret.start(), Mac::chain_update);
        Self { macs: slots.iter().flatten().map(start).collect(), claimed, identity }
    }

    /// The scheme that decides.
    #[must_use]
    pub const fn scheme(&self) -> SchemeName {
        match self.identity {
            Identity::Message { .. } => SchemeName::Svix,
            Identity::Body { .. } => SchemeName::Hmac,
        }
    }

    /// Takes the next bytes of the raw body; how the body is cut into chunks does not matter.
    pub fn update(&mut self, chunk: &[u8]) {
        for mac in &mut self.macs {
            mac.update(chunk);
        }
        if let Identity::Body { digest, .. } = &mut self.identity {
            digest.update(chunk);
        }
    }

    /// Compares every claimed tag under every secret, each in constant time, and all of them
    /// whatever the earlier ones gave, so that time does not tell which matched.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Mismatch`] when no claimed tag is the body's: also where no tag could be
    /// compared.
    pub fn finish(self) -> Result<Verified, SignatureError> {
        let mut is_match = false;
        for mac in self.macs {
            let computed = mac.finalize();
            for claimed in &self.claimed {
                is_match |= computed == *claimed;
            }
        }
        if is_match { Ok(self.identity.verified()) } else { Err(SignatureError::Mismatch) }
    }
}

/// What will name the event once its signature is proven.
#[derive(Debug)]
enum Identity {
    Message { id: String, sent_at: SentAt },
    Body { digest: Sha256, sent_at: Option<SentAt> },
}

impl Identity {
    fn verified(self) -> Verified {
        match self {
            Self::Message { id, sent_at } => {
                Verified { scheme: SchemeName::Svix, event_id: id, sent_at: Some(sent_at) }
            }
            Self::Body { digest, sent_at } => {
                let digest = base16ct::lower::encode_string(&digest.finalize());
                let event_id = format!("sha256:{digest}");
                Verified { scheme: SchemeName::Hmac, event_id, sent_at }
            }
        }
    }
}

/// What a matching signature proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The scheme that decided.
    pub scheme: SchemeName,
    /// The Svix id; under plain HMAC, which signs none, `sha256:` and the body's digest in hex.
    pub event_id: String,
    /// The signed time; `None` under a signature of the body alone.
    pub sent_at: Option<SentAt>,
}

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeName {
    /// See [`svix`].
    Svix,
    /// See [`hmac`].
    Hmac,
}

impl SchemeName {
    /// The name that headers, events and metrics carry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Svix => "svix",
            Self::Hmac => "hmac",
        }
    }
}

/// Why a request is not verified; for the log and the metric, never for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// No signature header, or one of the Svix three is absent.
    Missing,
    /// A header is given twice or not in its form, or both sets of Svix names are mixed.
    Malformed,
    /// The time is not 1 to 19 digits without a leading zero.
    TimestampMalformed,
    /// The time is before now by more than the tolerance.
    TimestampTooOld,
    /// The time is after now by more than the tolerance.
    TimestampTooNew,
    /// No claimed signature is that of the body under a configured secret.
    Mismatch,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "signature header is missing",
            Self::Malformed => "signature headers are malformed",
            Self::TimestampMalformed => "signature timestamp is malformed",
            Self::TimestampTooOld => "signature timestamp is too old",
            Self::TimestampTooNew => "signature timestamp is too new",
            Self::Mismatch => "no signature matches",
        })
    }
}

impl Error for SignatureError {}

#[cfg(test)]
mod tests;
