//! Writes JSON into one buffer.
//!
//! Owns commas, quotes and escapes. Values that the sender spelled go in as they are.

use std::fmt::Display;
use std::io::Write as _;

use crate::document::{Extra, Text};

/// A JSON text in the making; it puts commas where they belong.
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

    pub(super) fn begin_object(&mut self) {
        self.out.push(b'{');
    }

    pub(super) fn end_object(&mut self) {
        self.out.push(b'}');
    }

    pub(super) fn begin_array(&mut self) {
        self.out.push(b'[');
    }

    pub(super) fn end_array(&mut self) {
        self.out.push(b']');
    }

    /// Makes room for the next item of an array.
    pub(super) fn item(&mut self) {
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
    }

    /// Writes a key that needs no escapes; its value comes next.
    pub(super) fn key(&mut self, key: &str) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self.verbatim(key);
        self.verbatim("\":");
        self
    }

    /// Writes a valid JSON value, or a part of one, as it is.
    pub(super) fn verbatim(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(super) fn verbatim_or_null(&mut self, json: Option<&str>) {
        self.verbatim(json.unwrap_or("null"));
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
    pub(super) fn quoted(&mut self, plain: impl Display) {
        let _ = write!(self.out, "\"{plain}\"");
    }

    pub(super) fn count(&mut self, count: usize) {
        let _ = write!(self.out, "{count}");
    }

    /// Writes fields as the sender spelled them.
    pub(super) fn fields(&mut self, extra: &Extra<'_>) {
        for (key, value) in extra {
            self.separate();
            self.verbatim(key.token().as_str());
            self.out.push(b':');
            self.verbatim(value.token().as_str());
        }
    }

    /// A comma, unless the object has just been opened.
    fn separate(&mut self) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
    }
}
