//! Writes JSON into one buffer.
//!
//! Owns quotes and escapes. The shape of what is written, and the values that the sender spelled, go
//! in as they are: copying a run of text costs the same however long it is, so callers write keys,
//! commas and braces in the longest runs they can.

use std::fmt::Display;
use std::io::Write as _;

use crate::decimal::Decimal;
use crate::document::{Extra, Text};

/// A JSON text in the making.
pub(super) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity) }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Writes a valid JSON value, or a part of one, as it is.
    pub(super) fn verbatim(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(super) fn verbatim_or_null(&mut self, json: Option<&str>) {
        self.verbatim(json.unwrap_or("null"));
    }

    pub(super) fn number(&mut self, number: &Decimal<'_>) {
        let (zero, rest) = number.as_json();
        self.verbatim(zero);
        self.verbatim(rest);
    }

    pub(super) fn number_or_null(&mut self, number: Option<&Decimal<'_>>) {
        match number {
            Some(number) => self.number(number),
            None => self.verbatim("null"),
        }
    }

    pub(super) fn text_or_null(&mut self, text: Option<&Text<'_>>) {
        self.verbatim_or_null(text.map(|text| text.token().as_str()));
    }

    /// Writes characters as a JSON string, escaped where they must be.
    pub(super) fn string(&mut self, characters: &str) {
        // Neither writing to memory nor serialising a string can fail.
        let _ = serde_json::to_writer(&mut self.out, characters);
    }

    /// Writes something whose text needs no escapes as a JSON string.
    pub(super) fn quoted(&mut self, plain: &str) {
        self.out.push(b'"');
        self.verbatim(plain);
        self.out.push(b'"');
    }

    pub(super) fn quoted_or_null(&mut self, plain: Option<&str>) {
        match plain {
            Some(plain) => self.quoted(plain),
            None => self.verbatim("null"),
        }
    }

    /// Writes what its own formatting says, which is valid JSON or a part of it.
    pub(super) fn formatted(&mut self, part: impl Display) {
        let _ = write!(self.out, "{part}");
    }

    /// Writes the fields of an object as the sender spelled them, with commas between them.
    pub(super) fn fields(&mut self, extra: &Extra<'_>) {
        for (index, (key, value)) in extra.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.verbatim(key.token().as_str());
            self.out.push(b':');
            self.verbatim(value.token().as_str());
        }
    }
}
