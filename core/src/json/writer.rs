//! Writes JSON into one buffer.
//!
//! Owns quotes and escapes. The shape of what is written, and the values that the sender spelled, go
//! in as they are: copying a run of text costs the same however long it is, so callers write keys,
//! commas and braces in the longest runs they can.

use std::fmt::Display;
use std::io::Write as _;

use super::decimal::Decimal;
use super::token::{Text, Token};

/// A JSON text in the making.
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity) }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Writes a valid JSON value, or a part of one, as it is.
    pub(crate) fn verbatim(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(crate) fn verbatim_or_null(&mut self, json: Option<&str>) {
        self.verbatim(json.unwrap_or("null"));
    }

    pub(crate) fn number(&mut self, number: &Decimal<'_>) {
        let (zero, rest) = number.as_json();
        self.verbatim(zero);
        self.verbatim(rest);
    }

    pub(crate) fn number_or_null(&mut self, number: Option<&Decimal<'_>>) {
        match number {
            Some(number) => self.number(number),
            None => self.verbatim("null"),
        }
    }

    pub(crate) fn text_or_null(&mut self, text: Option<&Text<'_>>) {
        self.verbatim_or_null(text.map(|text| text.token().as_str()));
    }

    /// Writes characters as a JSON string, escaped where they must be.
    pub(crate) fn string(&mut self, characters: &str) {
        // Neither writing to memory nor serialising a string can fail.
        let _ = serde_json::to_writer(&mut self.out, characters);
    }

    /// Writes something whose text needs no escapes as a JSON string.
    pub(crate) fn quoted(&mut self, plain: &str) {
        self.out.push(b'"');
        self.verbatim(plain);
        self.out.push(b'"');
    }

    pub(crate) fn quoted_or_null(&mut self, plain: Option<&str>) {
        match plain {
            Some(plain) => self.quoted(plain),
            None => self.verbatim("null"),
        }
    }

    /// Writes what its own formatting says, which is valid JSON or a part of it.
    pub(crate) fn formatted(&mut self, part: impl Display) {
        let _ = write!(self.out, "{part}");
    }

    /// Writes a field of an object as it was spelled.
    pub(crate) fn field(&mut self, key: &Text<'_>, value: Token<'_>) {
        self.verbatim(key.token().as_str());
        self.out.push(b':');
        self.verbatim(value.as_str());
    }
}
