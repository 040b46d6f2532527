//! The Svix scheme, which is Standard Webhooks 1.0 under two sets of header names.
//!
//! Owns the three headers: which set counts, their form, the signed text
//! `{id}.{timestamp}.{raw body}`. Never falls back to another scheme, and never skips a malformed
//! header. Specifications:
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! <https://docs.svix.com/receiving/verifying-payloads/how-manual>.

use std::time::Duration;

use crate::http::{Header, value_of};
use crate::signature::mac::{self, Secret, Tag};
use crate::signature::timestamp::SentAt;
use crate::signature::{Identity, MAX_TAGS, Pending, SignatureError, Slot};

/// The header names of one set, in the order id, timestamp, signature.
type Names = [&'static str; 3];

const SVIX: Names = ["svix-id", "svix-timestamp", "svix-signature"];
const STANDARD: Names = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Every header this scheme reads.
pub const HEADERS: [&str; 6] = {
    let ([a, b, c], [d, e, f]) = (SVIX, STANDARD);
    [a, b, c, d, e, f]
};

/// The most characters of an id. Svix's are about 30; the bound keeps logs and the upstream's
/// idempotency keys small.
const MAX_ID_BYTES: usize = 256;

/// Secrets and tolerance of the Svix scheme; without secrets the scheme is off.
#[derive(Clone, Debug)]
pub struct Scheme {
    slots: Vec<Slot>,
    tolerance: Duration,
}

impl Scheme {
    /// Takes the secrets, any of which may have signed, and the tolerance in whole seconds.
    #[must_use]
    pub fn new(secrets: Vec<Secret>, tolerance: Duration) -> Self {
        Self { slots: secrets.into_iter().map(Some).collect(), tolerance }
    }

    /// The same scheme with other secrets, some of which may not be there.
    pub(crate) fn with_slots(&self, slots: Vec<Slot>) -> Self {
        Self { slots, ..self.clone() }
    }

    /// Also where none of its secrets is there: no weaker scheme takes its place meanwhile.
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

    /// Checks the headers in the order id, timestamp, tolerance, signature, and starts the MACs.
    pub(super) fn begin(
        &self,
        headers: &[Header],
        now: Duration,
    ) -> Result<Pending, SignatureError> {
        let [id, timestamp, signature] = find_triple(headers)?;
        let id = parse_id(id).ok_or(SignatureError::Malformed)?;
        let sent_at = SentAt::from_seconds(timestamp)?;
        sent_at.check(now, self.tolerance)?;
        let claimed = parse_signature(signature)?;

        let prefix = [id.as_bytes(), b".", timestamp, b"."];
        let identity = Identity::Message { id: id.to_owned(), sent_at };
        Ok(Pending::new(&self.slots, &prefix, claimed, identity))
    }
}

/// Whether the request claims to be signed under this scheme.
pub(super) fn is_claimed(headers: &[Header]) -> bool {
    HEADERS.iter().any(|name| value_of(headers, name).is_some())
}

/// The id a request claims, if it claims exactly one and that one is well-formed.
pub(super) fn claimed_id<'h>(headers: &[Header<'h>]) -> Option<&'h str> {
    let ([svix, ..], [standard, ..]) = (SVIX, STANDARD);
    let mut ids = headers.iter().filter(|(name, _)| *name == svix || *name == standard);
    match (ids.next(), ids.next()) {
        (Some((_, value)), None) => parse_id(value),
        _ => None,
    }
}

/// The values of one complete set of headers; parts of both sets together are malformed.
fn find_triple<'h>(headers: &[Header<'h>]) -> Result<[&'h [u8]; 3], SignatureError> {
    let svix = SVIX.map(|name| value_of(headers, name));
    let standard = STANDARD.map(|name| value_of(headers, name));
    let is_any = |values: &[Option<&[u8]>]| values.iter().any(Option::is_some);
    let values = match (is_any(&svix), is_any(&standard)) {
        (true, true) => return Err(SignatureError::Malformed),
        (true, false) => svix,
        (false, _) => standard,
    };
    let [Some(id), Some(timestamp), Some(signature)] = values else {
        return Err(SignatureError::Missing);
    };
    Ok([id, timestamp, signature])
}

/// Reads an id: 1 to 256 visible ASCII characters and no `.`, which would let the signed text of
/// one id and timestamp be read as that of another.
fn parse_id(value: &[u8]) -> Option<&str> {
    let is_id = (1..=MAX_ID_BYTES).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'.');
    if is_id { str::from_utf8(value).ok() } else { None }
}

/// Reads the space-separated entries and keeps the comparable ones, which may be none: an entry of
/// another version is for other receivers, as a rotation or a new algorithm may add it.
fn parse_signature(value: &[u8]) -> Result<Vec<Tag>, SignatureError> {
    let entries = || value.split(|byte| *byte == b' ').filter(|entry| !entry.is_empty());
    if !(1..=MAX_TAGS).contains(&entries().count()) {
        return Err(SignatureError::Malformed);
    }
    Ok(entries()
        .filter_map(|entry| entry.strip_prefix(b"v1,"))
        .filter_map(mac::tag_from_base64)
        .collect())
}

#[cfg(test)]
mod tests;
