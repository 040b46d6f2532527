//! Writes JSON into one buffer.
//!
//! Owns quotes and escapes. The shape of what is written, and the values that the sender spelled,
//! go in as they are: copying a run of text costs the same however long it is, so callers write
//! keys, commas and braces in the longest runs they can.

use std::fmt::{self, Write as _};

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
        if !zero.is_empty() {
            self.verbatim(zero);
        }
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

    /// Writes a number of things.
    pub(crate) fn count(&mut self, count: usize) {
        // Writing to memory cannot fail.
        let _ = write!(self, "{count}");
    }

    /// How many bytes have been written.
    pub(crate) const fn length(&self) -> usize {
        self.out.len()
    }

    /// Writes a number of things in the place of the digit at `place`.
    pub(crate) fn replace_digit(&mut self, place: usize, count: usize) {
        if let Some(after) = place.checked_add(1).filter(|&after| after <= self.out.len()) {
            self.out.splice(place..after, count.to_string().into_bytes());
        }
    }

    /// Writes a field of an object as it was spelled.
    pub(crate) fn field(&mut self, key: &Text<'_>, value: Token<'_>) {
        self.verbatim(key.token().as_str());
        self.out.push(b':');
        self.verbatim(value.as_str());
    }
}

/// Writes what is valid JSON or a part of it.
impl fmt::Write for Writer {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.verbatim(part);
        Ok(())
    }
}
