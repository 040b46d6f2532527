//! Signatures as the sender makes them.
//!
//! The Svix and Standard Webhooks schemes are signed by the published library and not by the
//! filter's own code, so that the two cannot agree on a mistake.

use std::fmt::{self, Write};

use clap::ValueEnum;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use standardwebhooks::Webhook;

/// How a webhook is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheme {
    /// svix-id, svix-timestamp, svix-signature
    Svix,
    /// webhook-id, webhook-timestamp, webhook-signature
    Webhook,
    /// sha256=<hex> of the body alone
    Hmac,
    /// t=<seconds>,v1=<hex> of the timestamp and the body
    HmacTimestamped,
}

/// What is changed after signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tamper {
    /// One space more at the end
    Body,
    /// One second later
    Timestamp,
    /// One character of it
    Signature,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) id: &'a str,
    pub(crate) timestamp: i64,
    pub(crate) body: &'a [u8],
}

/// A scheme and its key.
pub(crate) enum Signer {
    Standard { prefix: &'static str, webhook: Webhook },
    Hmac { header: String, key: Hmac<Sha256>, timestamped: bool },
}

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SigningError {
    UndecodableSecret,
    DoublyEncodedSecret,
    SecretInWhiteSpace,
    UnusableKey,
    UnsignableBody,
    UntimedScheme,
}

impl fmt::Display for SigningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UndecodableSecret => "the secret is not base64, with or without whsec_ before it",
            Self::DoublyEncodedSecret => {
                "the secret is base64 of another secret: give that one, which begins with whsec_"
            }
            Self::SecretInWhiteSpace => "a plain secret must not begin or end with white space",
            Self::UnusableKey => "the secret is not usable as a key",
            Self::UnsignableBody => "the body is not UTF-8, which the signing library refuses",
            Self::UntimedScheme => "the scheme hmac has no timestamp; take hmac-timestamped",
        })
    }
}

impl std::error::Error for SigningError {}

impl Signer {
    pub(crate) fn new(scheme: Scheme, secret: &str, header: &str) -> Result<Self, SigningError> {
        match scheme {
            Scheme::Svix => Self::standard("svix", secret),
            Scheme::Webhook => Self::standard("webhook", secret),
            Scheme::Hmac => Self::hmac(header, secret, false),
            Scheme::HmacTimestamped => Self::hmac(header, secret, true),
        }
    }

    fn standard(prefix: &'static str, secret: &str) -> Result<Self, SigningError> {
        // As the filter reads it: files end in a newline.
        let secret = secret.trim();
        // The library wants the padding that the filter leaves optional.
        let secret = secret.trim_end_matches('=');
        let bare = secret.strip_prefix("whsec_").unwrap_or(secret);
        // Base64 of `whsec_`.
        if bare.starts_with("d2hzZWNf") {
            return Err(SigningError::DoublyEncodedSecret);
        }
        let padded = format!("{bare:=<width$}", width = bare.len().next_multiple_of(4));
        let webhook = Webhook::new(&padded).map_err(|_| SigningError::UndecodableSecret)?;
        Ok(Self::Standard { prefix, webhook })
    }

    fn hmac(header: &str, secret: &str, timestamped: bool) -> Result<Self, SigningError> {
        if secret.trim() != secret {
            return Err(SigningError::SecretInWhiteSpace);
        }
        let key = Hmac::new_from_slice(secret.as_bytes()).map_err(|_| SigningError::UnusableKey)?;
        Ok(Self::Hmac { header: header.to_owned(), key, timestamped })
    }

    /// The signature headers of a message; one of them is false where that is asked for.
    pub(crate) fn headers(
        &self,
        message: &Message<'_>,
        tamper: Option<Tamper>,
    ) -> Result<Vec<(String, String)>, SigningError> {
        let later = i64::from(tamper == Some(Tamper::Timestamp));
        let timestamp = message.timestamp.saturating_add(later);
        let show = |signature: &str| match tamper {
            Some(Tamper::Signature) => change_first(signature),
            _ => signature.to_owned(),
        };
        match self {
            Self::Standard { prefix, webhook } => {
                let signature = webhook
                    .sign(message.id, message.timestamp, message.body)
                    .map_err(|_| SigningError::UnsignableBody)?;
                let signature = show(signature.trim_start_matches("v1,"));
                Ok(vec![
                    (format!("{prefix}-id"), message.id.to_owned()),
                    (format!("{prefix}-timestamp"), timestamp.to_string()),
                    (format!("{prefix}-signature"), format!("v1,{signature}")),
                ])
            }
            Self::Hmac { timestamped: false, .. } if tamper == Some(Tamper::Timestamp) => {
                Err(SigningError::UntimedScheme)
            }
            Self::Hmac { header, key, timestamped } => {
                let signed_at = timestamped.then(|| format!("{}.", message.timestamp));
                let mac = key
                    .clone()
                    .chain_update(signed_at.unwrap_or_default())
                    .chain_update(message.body)
                    .finalize()
                    .into_bytes();
                let signature = show(&hex(&mac));
                let value = if *timestamped {
                    format!("t={timestamp},v1={signature}")
                } else {
                    format!("sha256={signature}")
                };
                Ok(vec![(header.clone(), value)])
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text with another first character, which is a hexadecimal and a base64 digit.
fn change_first(signature: &str) -> String {
    let mut characters = signature.chars();
    let other = if characters.next() == Some('0') { '1' } else { '0' };
    format!("{other}{}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The Svix documentation's example.
    const SVIX_SECRET: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
    const SVIX: Message<'_> = Message {
        id: "msg_loFOjxBNrRLzqYUf",
        timestamp: 1_731_705_121,
        body: br#"{"event_type":"ping","data":{"success":true}}"#,
    };
    // GitHub's webhook documentation's example.
    const GITHUB_SECRET: &str = "It's a Secret to Everybody";
    const GITHUB: Message<'_> = Message { id: "", timestamp: 1, body: b"Hello, World!" };
    const GITHUB_HEX: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn headers(
        scheme: Scheme,
        secret: &str,
        message: &Message<'_>,
        tamper: Option<Tamper>,
    ) -> Vec<String> {
        let signer = Signer::new(scheme, secret, "x-signature").unwrap();
        let headers = signer.headers(message, tamper).unwrap();
        headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn signs_the_published_examples() {
        let expected = [
            "svix-id: msg_loFOjxBNrRLzqYUf",
            "svix-timestamp: 1731705121",
            "svix-signature: v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ];
        assert_eq!(headers(Scheme::Svix, SVIX_SECRET, &SVIX, None), expected);
        let renamed = expected.map(|header| header.replace("svix-", "webhook-"));
        assert_eq!(headers(Scheme::Webhook, SVIX_SECRET, &SVIX, None), renamed);
        let plain = format!("x-signature: sha256={GITHUB_HEX}");
        assert_eq!(headers(Scheme::Hmac, GITHUB_SECRET, &GITHUB, None), [plain]);
    }

    #[test]
    fn signs_the_timestamp_before_the_body() {
        let timed = Message { timestamp: 12, body: b"{}", ..GITHUB };
        let whole = Message { body: b"12.{}", ..GITHUB };
        let [plain] = &headers(Scheme::Hmac, "secret", &whole, None)[..] else {
            panic!("one header")
        };
        let expected = plain.replace("sha256=", "t=12,v1=");
        assert_eq!(headers(Scheme::HmacTimestamped, "secret", &timed, None), [expected]);
    }

    #[test]
    fn tampers_with_one_thing_only() {
        let honest = headers(Scheme::Svix, SVIX_SECRET, &SVIX, None);
        let change = |from, to| -> Vec<String> {
            honest.iter().map(|header| header.replace(from, to)).collect()
        };
        let later = change("1731705121", "1731705122");
        let other = change("v1,r", "v1,0");
        assert_eq!(headers(Scheme::Svix, SVIX_SECRET, &SVIX, Some(Tamper::Timestamp)), later);
        assert_eq!(headers(Scheme::Svix, SVIX_SECRET, &SVIX, Some(Tamper::Signature)), other);
        assert_eq!(headers(Scheme::Svix, SVIX_SECRET, &SVIX, Some(Tamper::Body)), honest);
        assert_eq!(change_first("0a"), "1a");
    }

    #[test]
    fn refuses_what_cannot_be_signed() {
        let error = |scheme, secret| Signer::new(scheme, secret, "x-signature").err();
        assert_eq!(error(Scheme::Svix, "whsec_not base64"), Some(SigningError::UndecodableSecret));
        assert_eq!(error(Scheme::Svix, "whsec_AAAA"), None);
        // base64 of `whsec_AAAA`
        let doubled = error(Scheme::Svix, "whsec_d2hzZWNfQUFBQQ==");
        assert_eq!(doubled, Some(SigningError::DoublyEncodedSecret));
        assert_eq!(error(Scheme::Hmac, "secret\n"), Some(SigningError::SecretInWhiteSpace));
        assert_eq!(error(Scheme::Hmac, "se cret"), None);

        let signer = Signer::new(Scheme::Svix, SVIX_SECRET, "").unwrap();
        let bytes = Message { body: b"\xff", ..SVIX };
        assert_eq!(signer.headers(&bytes, None), Err(SigningError::UnsignableBody));
        let signer = Signer::new(Scheme::Hmac, "secret", "x-signature").unwrap();
        let untimed = signer.headers(&GITHUB, Some(Tamper::Timestamp));
        assert_eq!(untimed, Err(SigningError::UntimedScheme));
    }

    #[test]
    fn takes_secrets_with_and_without_prefix_and_padding() {
        let padded = headers(Scheme::Svix, "whsec_c2VjcmV0cw==", &SVIX, None);
        for secret in ["whsec_c2VjcmV0cw", "c2VjcmV0cw==", "c2VjcmV0cw", " whsec_c2VjcmV0cw==\n"] {
            assert_eq!(headers(Scheme::Svix, secret, &SVIX, None), padded, "{secret}");
        }
    }
}
