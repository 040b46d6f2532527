//! HMAC-SHA256 (RFC 2104): keys, and the tags that requests claim.
//!
//! Owns key material and the text forms of a tag. Never compares: that is `CtOutput`'s equality,
//! which runs in constant time, and never shows a key or a tag, not even to `Debug`.

use std::error::Error;
use std::fmt;

use ::hmac::digest::{CtOutput, InvalidLength};
use ::hmac::{Hmac, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use sha2::Sha256;

/// A running MAC.
pub(super) type Mac = Hmac<Sha256>;

/// A finished MAC, computed or claimed, whose `==` runs in constant time.
pub(super) type Tag = CtOutput<Mac>;

/// How a Svix secret begins, before its base64.
pub(crate) const SVIX_PREFIX: &str = "whsec_";

/// The bytes of a SHA-256 tag.
const TAG_BYTES: usize = 32;

/// A signing secret, kept as the MAC state after its key block: the key is expanded once, at
/// configuration, and its text is not kept.
#[derive(Clone)]
pub struct Secret(Mac);

impl Secret {
    /// Reads a Svix secret: standard base64, padding optional, after an optional `whsec_`. White
    /// space around it is dropped, since a file ends in a newline and base64 has none.
    ///
    /// # Errors
    ///
    /// [`SecretError::NotBase64`] for other text, [`SecretError::Empty`] for a key of no bytes,
    /// [`SecretError::EncodedTwice`] where what is encoded is itself a secret in text.
    pub fn svix(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let encoded = text.strip_prefix(SVIX_PREFIX).unwrap_or(text);
        let key = STANDARD_PAD_INDIFFERENT.decode(encoded).map_err(|_| SecretError::NotBase64)?;
        if key.starts_with(SVIX_PREFIX.as_bytes()) {
            return Err(SecretError::EncodedTwice);
        }
        Self::from_key(&key)
    }

    /// Takes the UTF-8 bytes of `text` as the key.
    ///
    /// # Errors
    ///
    /// [`SecretError::Empty`] for empty text, [`SecretError::WhiteSpace`] where white space begins
    /// or ends it: nobody can tell whether that belongs to the key or is a file's last newline.
    pub fn plain(text: &str) -> Result<Self, SecretError> {
        if text != text.trim() {
            return Err(SecretError::WhiteSpace);
        }
        Self::from_key(text.as_bytes())
    }

    fn from_key(key: &[u8]) -> Result<Self, SecretError> {
        if key.is_empty() {
            return Err(SecretError::Empty);
        }
        // HMAC takes a key of any length; the trait it implements cannot say so.
        Mac::new_from_slice(key).map(Self).map_err(|InvalidLength| SecretError::Empty)
    }

    /// A new MAC under this secret.
    pub(super) fn start(&self) -> Mac {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Why a text is no secret; says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// The key has no bytes, so anyone could sign with it.
    Empty,
    /// A Svix secret that is not standard base64.
    NotBase64,
    /// A Svix secret that is the base64 of a `whsec_` text, as Kubernetes keeps secrets.
    EncodedTwice,
    /// A plain secret that begins or ends with white space.
    WhiteSpace,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "secret must not be empty",
            Self::NotBase64 => "secret must be standard base64 after an optional whsec_",
            Self::EncodedTwice => "secret is base64 of a whsec_ text: decode it once more",
            Self::WhiteSpace => "secret must not begin or end with white space",
        })
    }
}

impl Error for SecretError {}

/// Reads a tag from its canonical standard base64: padded, 44 characters, no stray bits.
pub(super) fn tag_from_base64(text: &[u8]) -> Option<Tag> {
    let bytes = STANDARD.decode(text).ok()?;
    let bytes: [u8; TAG_BYTES] = bytes.try_into().ok()?;
    Some(Tag::new(bytes.into()))
}

/// Reads a tag from its 64 hex digits, of any case.
pub(super) fn tag_from_hex(text: &[u8]) -> Option<Tag> {
    let mut bytes = [0; TAG_BYTES];
    let read = base16ct::mixed::decode(text, &mut bytes).ok()?;
    (read.len() == TAG_BYTES).then(|| Tag::new(bytes.into()))
}

#[cfg(test)]
mod tests {
    use ::hmac::Mac as _;

    use super::*;

    /// The bytes of the published secret, by `base64 -d`.
    const SVIX_KEY: &[u8] =
        b"1\xf2\x90\xf6\xbf\x06)\x8a\xabO\x08\xd4<?\x08,\xf6H\xa3b\xda-\xa4\xb0";

    /// The tag of `hello` under `secret`, by the independent implementation.
    fn tag_of_hello(key: &[u8]) -> [u8; 32] {
        hmac_sha256::HMAC::mac(b"hello", key)
    }

    fn sign_hello(secret: &Secret) -> [u8; 32] {
        secret.start().chain_update(b"hello").finalize().into_bytes().into()
    }

    #[test]
    fn reads_a_svix_secret_with_and_without_prefix_and_padding() {
        for (text, key) in [
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SVIX_KEY),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SVIX_KEY),
            ("whsec_aGVsbG8gd29ybGQ=", b"hello world"),
            ("whsec_aGVsbG8gd29ybGQ", b"hello world"),
            ("aGVsbG8gd29ybA==", b"hello worl"),
            ("aGVsbG8gd29ybA", b"hello worl"),
            ("\t aGVsbG8gd29ybA== \r\n", b"hello worl"),
            ("whsec_aGVsbG8gd29ybA\n", b"hello worl"),
            // `whsec` without the underscore is a key as any other.
            ("d2hzZWM=", b"whsec"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(sign_hello(&Secret::svix(text).unwrap()), tag_of_hello(key), "{text}");
        }
    }

    #[test]
    fn takes_a_plain_secret_as_it_is() {
        let long = "k".repeat(65);
        for text in ["k", "k k", "whsec_MfKQ", "Schl\u{fc}ssel", &long] {
            let secret = Secret::plain(text).unwrap();
            assert_eq!(sign_hello(&secret), tag_of_hello(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn refuses_a_text_that_is_no_secret() {
        for (text, error) in [
            ("", SecretError::Empty),
            ("whsec_", SecretError::Empty),
            ("=", SecretError::NotBase64),
            ("a", SecretError::NotBase64),
            ("whsec_-_-_", SecretError::NotBase64),
            ("whsec_whsec_MfKQ", SecretError::NotBase64),
            ("WHSEC_MfKQ", SecretError::NotBase64),
            ("Mf KQ", SecretError::NotBase64),
            ("whsec_ MfKQ", SecretError::NotBase64),
            (" \n", SecretError::Empty),
            // `whsec_MfKQ` and `whsec_` by base64, with and without another prefix.
            ("d2hzZWNfTWZLUQ==", SecretError::EncodedTwice),
            ("whsec_d2hzZWNfTWZLUQ", SecretError::EncodedTwice),
            ("d2hzZWNf\n", SecretError::EncodedTwice),
            ("MfKR=", SecretError::NotBase64),
        ] {
            assert_eq!(Secret::svix(text).err(), Some(error), "{text:?}");
        }
        assert_eq!(Secret::plain("").err(), Some(SecretError::Empty));
        for text in ["k\n", " k", "\u{a0}k", "k\t", "\n"] {
            assert_eq!(Secret::plain(text).err(), Some(SecretError::WhiteSpace), "{text:?}");
        }
    }

    #[test]
    fn shows_no_key_and_no_tag() {
        let secret = Secret::plain("k").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert_eq!(format!("{:?}", secret.start()), "Hmac { ... }");
        let tag = tag_from_hex("00".repeat(32).as_bytes()).unwrap();
        assert_eq!(format!("{tag:?}"), "CtOutput { ... }");
    }
}
