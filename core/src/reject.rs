//! Every way a request is refused: status, error code, label and body.
//!
//! The only place that maps errors to HTTP. Bodies are those of the endpoint's own schema,
//! `tests/data/schema/response-error.schema.json`; no message holds a value of the request, a
//! secret or a setting.
//! Specification: `docs/contract.md`, section 2.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::document::DocumentError;
use crate::signature::SignatureError;

/// Why a request is refused: the first check that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The filter has no usable configuration, or none of the secrets of the request's scheme.
    Configuration,
    /// The path has a `..` segment, and is longer than such a path may be.
    Path,
    /// The method is not POST.
    Method,
    /// The body is encoded, so the signed bytes are not the JSON text.
    ContentEncoding,
    /// The body does not claim to be JSON.
    ContentType,
    /// The body is, or will be, longer than `max_body_bytes`.
    BodySize,
    /// The request is not verified.
    Signature(SignatureError),
    /// The verified body is not JSON.
    Json,
    /// The verified body breaks the schema.
    Schema,
    /// The filter met a state that it holds impossible.
    Internal,
}

impl Reason {
    /// All of them, in the order of the checks.
    pub const ALL: [Self; 15] = [
        Self::Configuration,
        Self::Path,
        Self::Method,
        Self::ContentEncoding,
        Self::ContentType,
        Self::BodySize,
        Self::Signature(SignatureError::Missing),
        Self::Signature(SignatureError::Malformed),
        Self::Signature(SignatureError::TimestampMalformed),
        Self::Signature(SignatureError::TimestampTooOld),
        Self::Signature(SignatureError::TimestampTooNew),
        Self::Signature(SignatureError::Mismatch),
        Self::Json,
        Self::Schema,
        Self::Internal,
    ];

    /// Its place in [`Self::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|own| *own == self).unwrap_or_default()
    }

    /// The name in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Path => "path",
            Self::Method => "method",
            Self::ContentEncoding => "content_encoding",
            Self::ContentType => "content_type",
            Self::BodySize => "body_size",
            Self::Signature(SignatureError::Missing) => "signature_missing",
            Self::Signature(SignatureError::Malformed) => "signature_malformed",
            Self::Signature(SignatureError::TimestampMalformed) => "timestamp_malformed",
            Self::Signature(SignatureError::TimestampTooOld) => "timestamp_too_old",
            Self::Signature(SignatureError::TimestampTooNew) => "timestamp_too_new",
            Self::Signature(SignatureError::Mismatch) => "signature_mismatch",
            Self::Json => "json",
            Self::Schema => "schema",
            Self::Internal => "internal",
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::Path | Self::Json | Self::Schema => 400,
            Self::Signature(_) => 401,
            Self::Method => 405,
            Self::BodySize => 413,
            Self::ContentEncoding | Self::ContentType => 415,
            Self::Configuration | Self::Internal => 500,
        }
    }

    const fn error(self) -> &'static str {
        match self {
            Self::Path | Self::Json | Self::Schema => "validation_error",
            Self::Signature(_) => "signature_verification_failed",
            Self::Method => "method_not_allowed",
            Self::BodySize => "payload_too_large",
            Self::ContentEncoding | Self::ContentType => "unsupported_media_type",
            Self::Configuration => "configuration_error",
            Self::Internal => "internal_error",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Configuration => "Webhook verification is not configured",
            Self::Path => "A path with a .. segment must not be longer than 4096 bytes",
            Self::Method => "Only POST is allowed",
            Self::ContentEncoding => "Only content-encoding identity is supported",
            Self::ContentType => "Only application/json and +json content types are supported",
            Self::BodySize => "The body is too large",
            // One message for all: which check failed would help a forger.
            Self::Signature(_) => "Signature verification failed",
            Self::Json => "The body is not JSON",
            Self::Schema => "The body does not satisfy the schema",
            Self::Internal => "Internal error",
        }
    }
}

/// A refusal, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    reason: Reason,
    message: Cow<'static, str>,
}

impl Rejection {
    /// The failed check.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The response that the sender gets.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let body = json!({"error": self.reason.error(), "message": self.message});
        let allow = (self.reason == Reason::Method).then_some(("allow", "POST"));
        Answer { status: self.reason.status(), allow, body: body.to_string() }
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self { reason, message: Cow::Borrowed(reason.message()) }
    }
}

impl From<SignatureError> for Rejection {
    fn from(error: SignatureError) -> Self {
        Reason::Signature(error).into()
    }
}

impl From<DocumentError> for Rejection {
    fn from(error: DocumentError) -> Self {
        let reason = match error {
            DocumentError::NotUtf8 { .. } | DocumentError::NotJson { .. } => Reason::Json,
            DocumentError::Schema(_) => Reason::Schema,
        };
        Self { reason, message: Cow::Owned(error.to_string()) }
    }
}

/// A response of the filter's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// A header beside `content-type`.
    pub allow: Option<(&'static str, &'static str)>,
    /// JSON.
    pub body: String,
}

impl Answer {
    /// The documented 200 for an event of a type that is not ingested.
    #[must_use]
    pub fn ignored(event_type: &str) -> Self {
        let event_type = Value::from(event_type);
        let body = format!(r#"{{"received":true,"event_type":{event_type},"ignored":true}}"#);
        Self { status: 200, allow: None, body }
    }

    /// The headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("content-type", "application/json")].into_iter().chain(self.allow)
    }
}
