//! The plain HMAC scheme: one header, with or without a signed time.
//!
//! Owns the header's forms: `t=<time>,v1=<tag>[,v1=<tag>…]` signs `{time as received}.{raw body}`,
//! and a bare tag, or one after `sha256=` or `v1=`, signs the raw body alone and so cannot stop a
//! replay. Never guesses: a value that is not exactly one of the forms is malformed. The forms are
//! those of GitHub's `x-hub-signature-256` and of Stripe's `stripe-signature`.
//!
//! A tag over `{time}.{raw body}` is also the bare tag of that very text sent as a body. It buys an
//! attacker nothing: a number, a full stop and a document are no JSON.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use sha2::Sha256;

use crate::http::{Header, is_token, value_of};
use crate::signature::mac::{self, Secret, Tag};
use crate::signature::timestamp::SentAt;
use crate::signature::{Identity, MAX_TAGS, Pending, SignatureError, Slot, svix};

/// The headers that the endpoint's documentation names, in the order in which they decide.
pub const HEADERS: [&str; 3] = ["x-junction-signature", "x-webhook-signature", "x-signature"];

/// Secrets, header names and tolerance of the plain HMAC scheme; without secrets it is off.
#[derive(Clone, Debug)]
pub struct Scheme {
    slots: Vec<Slot>,
    headers: Vec<String>,
    /// Those of [`HEADERS`] that are not among them, and are signature headers all the same.
    others: Vec<&'static str>,
    tolerance: Duration,
}

impl Scheme {
    /// Takes the secrets, any of which may have signed, the names of the headers, the first of
    /// which to be present decides, and the tolerance in whole seconds.
    ///
    /// Header names count as signature headers even while the scheme is off.
    ///
    /// # Errors
    ///
    /// [`HeadersError`] for names that no request could carry or that mean something else.
    pub fn new(
        secrets: Vec<Secret>,
        headers: &[String],
        tolerance: Duration,
    ) -> Result<Self, HeadersError> {
        let headers: Vec<_> = headers.iter().map(|name| name.to_ascii_lowercase()).collect();
        check_names(&headers)?;
        let is_other = |name: &&str| headers.iter().all(|own| own != name);
        let others = HEADERS.into_iter().filter(is_other).collect();
        Ok(Self { slots: secrets.into_iter().map(Some).collect(), headers, others, tolerance })
    }

    /// The same scheme with other secrets, some of which may not be there.
    pub(crate) fn with_slots(&self, slots: Vec<Slot>) -> Self {
        Self { slots, ..self.clone() }
    }

    pub(super) fn is_on(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Whether one of its secrets is there, so that something can verify.
    pub(super) fn has_secret(&self) -> bool {
        self.slots.iter().any(Option::is_some)
    }

    pub(super) const fn tolerance(&self) -> Duration {
        self.tolerance
    }

    /// The names of the headers, in lower case.
    pub(super) fn headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str)
    }

    /// The names of all headers that an upstream could take for a signature, in lower case.
    pub(super) fn signature_headers(&self) -> impl Iterator<Item = &str> {
        self.headers().chain(self.others.iter().copied())
    }

    /// Whether the request claims to be signed under this scheme.
    pub(super) fn is_claimed(&self, headers: &[Header]) -> bool {
        self.deciding(headers).is_some()
    }

    /// The value of the deciding header.
    fn deciding<'h>(&self, headers: &[Header<'h>]) -> Option<&'h [u8]> {
        self.headers().find_map(|name| value_of(headers, name))
    }

    /// Checks the deciding header and starts the MACs.
    pub(super) fn begin(
        &self,
        headers: &[Header],
        now: Duration,
    ) -> Result<Pending, SignatureError> {
        let value = self.deciding(headers).ok_or(SignatureError::Missing)?;
        match value.strip_prefix(b"t=") {
            Some(timed) => self.begin_timed(timed, now),
            None => self.begin_bare(value),
        }
    }

    /// `timed` is what follows `t=`; checked in the order time, tolerance, tags.
    fn begin_timed(&self, timed: &[u8], now: Duration) -> Result<Pending, SignatureError> {
        let mut parts = timed.split(|byte| *byte == b',');
        let timestamp = parts.next().unwrap_or_default();
        let sent_at = SentAt::from_seconds_or_milliseconds(timestamp)?;
        sent_at.check(now, self.tolerance)?;
        let claimed = parts
            .map(|part| part.strip_prefix(b"v1=").and_then(parse_tag))
            .collect::<Option<Vec<_>>>()
            .filter(|tags| (1..=MAX_TAGS).contains(&tags.len()))
            .ok_or(SignatureError::Malformed)?;

        let identity = Identity::Body { digest: Sha256::default(), sent_at: Some(sent_at) };
        Ok(Pending::new(&self.slots, &[timestamp, b"."], claimed, identity))
    }

    fn begin_bare(&self, value: &[u8]) -> Result<Pending, SignatureError> {
        let text = [b"sha256=".as_slice(), b"v1="]
            .iter()
            .find_map(|prefix| value.strip_prefix(*prefix))
            .unwrap_or(value);
        let claimed = parse_tag(text).ok_or(SignatureError::Malformed)?;

        let identity = Identity::Body { digest: Sha256::default(), sent_at: None };
        Ok(Pending::new(&self.slots, &[], vec![claimed], identity))
    }
}

/// Why a list of header names is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadersError {
    /// The list is empty.
    Empty,
    /// A name is not a token (RFC 9110 section 5.6.2).
    NotAName,
    /// A name belongs to the Svix scheme.
    Reserved,
    /// A name is listed twice.
    Repeated,
}

impl fmt::Display for HeadersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "headers must name at least one header",
            Self::NotAName => "headers must be names of http headers",
            Self::Reserved => "headers must not name a header of the svix scheme",
            Self::Repeated => "headers must not name a header twice",
        })
    }
}

impl Error for HeadersError {}

fn check_names(names: &[String]) -> Result<(), HeadersError> {
    if names.is_empty() {
        return Err(HeadersError::Empty);
    }
    if !names.iter().all(|name| is_token(name.as_bytes())) {
        return Err(HeadersError::NotAName);
    }
    if names.iter().any(|name| svix::HEADERS.contains(&name.as_str())) {
        return Err(HeadersError::Reserved);
    }
    if names.iter().collect::<HashSet<_>>().len() != names.len() {
        return Err(HeadersError::Repeated);
    }
    Ok(())
}

/// Reads 64 hex digits or 44 characters of base64; no text is both.
fn parse_tag(text: &[u8]) -> Option<Tag> {
    mac::tag_from_hex(text).or_else(|| mac::tag_from_base64(text))
}

#[cfg(test)]
mod tests;
