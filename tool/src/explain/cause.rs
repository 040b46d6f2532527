//! Why no signature matches: what would have to be otherwise for one to match.
//!
//! The filter's own code has decided by now; this searches beside it. Each [`Claim`] of the request is
//! compared with tags over altered heads and bodies under altered keys, at most [`MOST_CAUSES`]
//! alterations at a time, the fewest first. A tag of 32 bytes does not match by chance: what is
//! found is the cause. Never shows a key or a tag.

mod body;
mod claim;
mod json;
mod key;
mod words;

use hmac::{Hmac, KeyInit, Mac};
use junction_webhook::{exchange::Plugin, signature::SchemeName};
use sha2::Sha256;

pub(crate) use self::{
    body::BodyCause,
    claim::{ClaimCause, HeadCause, TagCause},
    key::KeyCause,
    words::sentence,
};
use super::{capture::Capture, secrets::Secret};

/// The most alterations that are tried together: of the body and the key, for instance.
const MOST_CAUSES: usize = 2;

/// The most bytes that one search hashes: a few seconds, and all there is to try of 1 MiB.
const MOST_HASHED_BYTES: usize = 3 * 1024 * 1024 * 1024;

/// What HMAC hashes of the key, twice a block of each of its two passes (RFC 2104).
const KEY_BYTES: usize = 256;

/// One thing that would have to be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Claim(ClaimCause),
    Head(HeadCause),
    Tag(TagCause),
    Key { cause: KeyCause, secret: String },
    Body(BodyCause),
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// What would have to be otherwise; nothing at all where the signature matches as it is, and
    /// none where nothing was found.
    pub(crate) found: Option<Vec<Cause>>,
    /// How many tags were computed.
    pub(crate) tried: usize,
    /// Whether the search ended before its time, for the length of the body.
    pub(crate) is_cut_short: bool,
    /// How many of the request's signatures could be compared.
    pub(crate) compared: usize,
}

/// Which schemes are on, and which headers are the plain one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schemes {
    pub(crate) svix: bool,
    pub(crate) hmac: bool,
    /// None where that is not known, so that any may be.
    pub(crate) plain_headers: Option<Vec<String>>,
}

impl Schemes {
    /// As the plugin has them; where it is unusable, as its secrets say.
    pub(crate) fn of(plugin: &Plugin, secrets: &[Secret]) -> Self {
        let of = |scheme| match plugin {
            Ok(config) => config.verifier.is_on(scheme),
            Err(_) => secrets.iter().any(|secret| secret.scheme == Some(scheme)),
        };
        let plain_headers = match plugin {
            Ok(config) => Some(config.verifier.plain_headers().map(str::to_owned).collect()),
            Err(_) => None,
        };
        Self { svix: of(SchemeName::Svix), hmac: of(SchemeName::Hmac), plain_headers }
    }
}

/// A key to try, and what is otherwise about it.
struct Key {
    bytes: Vec<u8>,
    cause: Option<Cause>,
    /// A second thing, where the secret is also another one's.
    other: Option<Cause>,
}

impl Key {
    fn causes(&self) -> usize {
        usize::from(self.cause.is_some()).saturating_add(self.other.is_some().into())
    }
}

/// Looks for what makes one of the request's signatures match.
pub(crate) fn search(capture: &Capture, schemes: &Schemes, secrets: &[Secret]) -> Search {
    search_within(capture, schemes, secrets, MOST_HASHED_BYTES)
}

fn search_within(
    capture: &Capture,
    schemes: &Schemes,
    secrets: &[Secret],
    most_hashed_bytes: usize,
) -> Search {
    let claims = claim::read(capture, schemes);
    let keys = |scheme| keys_for(secrets, scheme, schemes);
    let (svix, hmac) = (keys(SchemeName::Svix), keys(SchemeName::Hmac));
    let compared = claims.iter().map(|claim| claim.tags.len()).sum();
    let mut search = Search { found: None, tried: 0, is_cut_short: false, compared };
    let mut hashed: usize = 0;
    for causes in 0..=MOST_CAUSES {
        // Where nothing is otherwise, neither is the body.
        let most_bodies = if causes == 0 { 1 } else { usize::MAX };
        for (body_cause, body) in body::variants(&capture.body).take(most_bodies) {
            for claim in &claims {
                let keys = match claim.scheme {
                    SchemeName::Svix => &svix,
                    SchemeName::Hmac => &hmac,
                };
                let mut before = claim.causes.clone();
                before.extend(body_cause.map(Cause::Body));
                for (prefix, head_cause) in &claim.prefixes {
                    for key in keys {
                        let count = before
                            .len()
                            .saturating_add(key.causes())
                            .saturating_add(head_cause.is_some().into());
                        // A tag's own form may be one more.
                        let tag_causes = causes.checked_sub(count).filter(|left| *left <= 1);
                        let Some(tag_causes) = tag_causes else { continue };
                        if !claim
                            .tags
                            .iter()
                            .any(|tag| usize::from(tag.cause.is_some()) == tag_causes)
                        {
                            continue;
                        }
                        hashed = [body.len(), prefix.len(), KEY_BYTES]
                            .into_iter()
                            .fold(hashed, usize::saturating_add);
                        if hashed > most_hashed_bytes {
                            search.is_cut_short = true;
                            return search;
                        }
                        search.tried = search.tried.saturating_add(1);
                        let Some(computed) = tag_of(&key.bytes, prefix, &body) else { continue };
                        let tag = claim.tags.iter().find(|tag| {
                            tag.bytes == computed && usize::from(tag.cause.is_some()) == tag_causes
                        });
                        if let Some(tag) = tag {
                            let mut found = before.clone();
                            found.extend(head_cause.clone().map(Cause::Head));
                            found.extend(tag.cause.map(Cause::Tag));
                            found.extend(key.other.clone());
                            found.extend(key.cause.clone());
                            search.found = Some(found);
                            return search;
                        }
                    }
                }
            }
        }
    }
    search
}

/// Every key that a signature under `scheme` may have been made with.
fn keys_for(secrets: &[Secret], scheme: SchemeName, schemes: &Schemes) -> Vec<Key> {
    let is_on = match scheme {
        SchemeName::Svix => schemes.svix,
        SchemeName::Hmac => schemes.hmac,
    };
    let mut keys: Vec<Key> = Vec::new();
    for secret in secrets {
        let named = |cause| Cause::Key { cause, secret: secret.name.clone() };
        let other = match secret.scheme {
            None => Some(named(KeyCause::AnotherEndpoints)),
            // Where the scheme is off no secret is its own, and that is told already.
            Some(own) if own != scheme && is_on => Some(named(KeyCause::OtherScheme)),
            Some(_) => None,
        };
        for (cause, bytes) in key::variants(&secret.text, scheme) {
            let key = Key { bytes, cause: cause.map(named), other: other.clone() };
            let is_known =
                keys.iter().any(|known| known.bytes == key.bytes && known.causes() <= key.causes());
            if key.causes() <= MOST_CAUSES && !is_known {
                keys.push(key);
            }
        }
    }
    keys
}

fn tag_of(key: &[u8], prefix: &[u8], body: &[u8]) -> Option<[u8; 32]> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    Some(mac.chain_update(prefix).chain_update(body).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEMES: [(bool, bool); 3] = [(true, false), (false, true), (true, true)];

    fn secret(text: &[u8], scheme: Option<SchemeName>) -> Secret {
        Secret { name: "SECRET".to_owned(), text: text.to_vec(), scheme }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_requests_are_searched_without_a_match(
            headers in proptest::collection::vec(
                ("(svix|webhook)[-_](id|timestamp|signature)|x-signature",
                 "(v1,|v1=|sha256=|t=1,v1=)?([A-Za-z0-9+/_-]{43}=|[0-9a-f]{64}|[ -~]{0,20})"),
                0..5,
            ),
            body in proptest::collection::vec(any::<u8>(), 0..80),
            text in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut capture = Capture::new("", "POST", "/");
            for (name, value) in &headers {
                capture.push(name, value.as_bytes());
            }
            capture.body = body;
            for (svix, hmac) in SCHEMES {
                let schemes = Schemes { svix, hmac, plain_headers: Some(vec!["x-signature".to_owned()]) };
                let secrets = [
                    secret(&text, Some(SchemeName::Svix)),
                    secret(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None),
                ];
                prop_assert_eq!(search(&capture, &schemes, &secrets).found, None);
            }
        }
    }

    #[test]
    fn a_search_ends_however_long_the_body_is() {
        let mut capture = Capture::new("", "POST", "/");
        capture.push("svix-id", b"msg_1");
        capture.push("svix-timestamp", b"1731705121");
        capture.push("svix-signature", b"v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let schemes = Schemes { svix: true, hmac: false, plain_headers: None };
        let secrets = [secret(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Some(SchemeName::Svix))];
        let whole = search(&capture, &schemes, &secrets);
        assert!(!whole.is_cut_short && whole.tried > 200, "{whole:?}");

        let bound = whole.tried * KEY_BYTES;
        let cut = search_within(&capture, &schemes, &secrets, bound / 2);
        assert!(cut.is_cut_short && cut.tried <= whole.tried / 2, "{cut:?}");
        assert_eq!(cut.found, None);
    }
}
