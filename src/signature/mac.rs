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

/// The bytes of a SHA-256 tag.
const TAG_BYTES: usize = 32;

/// A signing secret, kept as the MAC state after its key block: the key is expanded once, at
/// configuration, and its text is not kept.
pub struct Secret(Mac);

impl Secret {
    /// Reads a Svix secret: standard base64, padding optional, after an optional `whsec_`.
    ///
    /// # Errors
    ///
    /// [`SecretError::NotBase64`] for other text, [`SecretError::Empty`] for a key of no bytes.
    pub fn svix(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let key = STANDARD_PAD_INDIFFERENT
            .decode(encoded)
            .map_err(|_| SecretError::NotBase64)?;
        Self::from_key(&key)
    }

    /// Takes the UTF-8 bytes of `text` as the key, nothing trimmed.
    ///
    /// # Errors
    ///
    /// [`SecretError::Empty`] for empty text.
    pub fn plain(text: &str) -> Result<Self, SecretError> {
        Self::from_key(text.as_bytes())
    }

    fn from_key(key: &[u8]) -> Result<Self, SecretError> {
        if key.is_empty() {
            return Err(SecretError::Empty);
        }
        // HMAC takes a key of any length; the trait it implements cannot say so.
        Mac::new_from_slice(key)
            .map(Self)
            .map_err(|InvalidLength| SecretError::Empty)
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
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "secret must not be empty",
            Self::NotBase64 => "secret must be standard base64 after an optional whsec_",
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
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Vec::with_capacity(TAG_BYTES);
    for pair in text.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from((digit(high)? << 4) | digit(low)?).ok()?);
    }
    let bytes: [u8; TAG_BYTES] = bytes.try_into().ok()?;
    Some(Tag::new(bytes.into()))
}
