//! Why no signature matches: what would have to be otherwise for one to match.
//!
//! The filter's own code has decided by now; this searches beside it. Each [`claim::Claim`] of the
//! request is compared with tags over altered heads and bodies under altered keys, at most
//! [`MOST_CAUSES`] alterations at a time, the fewest first, and within a bound of [`Work`]. A tag
//! of 32 bytes does not match by chance: what is found is the cause. Never shows a key or a tag.

mod body;
mod claim;
mod json;
mod key;
mod rounds;
mod words;
mod work;

use junction_webhook::{exchange::Plugin, signature::SchemeName};

pub(crate) use self::{
    body::BodyCause,
    claim::{ClaimCause, HeadCause, TagCause},
    key::KeyCause,
    rounds::Untried,
    words::sentence,
    work::MOST_UNITS,
};
use self::{rounds::Rounds, work::Work};
use super::{capture::Capture, secrets::Secret};

/// The most alterations that are tried together: of the body and the key, for instance.
const MOST_CAUSES: usize = 2;

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
    /// What was left out, if anything was.
    pub(crate) untried: Option<Untried>,
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

/// Looks for what makes one of the request's signatures match, and does no more than `most_units`.
pub(crate) fn search(
    capture: &Capture,
    schemes: &Schemes,
    secrets: &[Secret],
    most_units: usize,
) -> Search {
    let claims = claim::read(capture, schemes);
    let keys =
        [SchemeName::Svix, SchemeName::Hmac].map(|scheme| keys_for(secrets, scheme, schemes));
    Rounds::of(claims, keys, Work::of(most_units)).run(&capture.body)
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
                prop_assert_eq!(search(&capture, &schemes, &secrets, MOST_UNITS).found, None);
            }
        }
    }
}
