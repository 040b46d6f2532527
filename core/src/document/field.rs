//! Reads one field: each function is a rule that the schema has for a value.

use super::MarkerValue;
use super::reader::Reader;
use super::violation::Rule;
use crate::json::{Decimal, Kind, Stop, Text};

impl<'a> Reader<'a> {
    /// `{"type": "string"}` of a field that may be left out.
    #[inline]
    pub(super) fn text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string", self.takes_null())
    }

    /// `{"type": "string", "minLength": 1}` of a field that may be left out; so is an empty one
    /// where the rules say so, which then is an empty text.
    #[inline]
    pub(super) fn filled_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        let text = self.text(field)?;
        Ok(if self.takes_null() { text } else { self.filled(text, field) })
    }

    /// `{"type": "string"}` of a required field.
    #[inline]
    pub(super) fn required_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string", false)
    }

    /// `{"type": "string", "minLength": 1}` of a required field.
    #[inline]
    pub(super) fn required_filled_text(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Text<'a>>, Stop> {
        let text = self.required_text(field)?;
        Ok(self.filled(text, field))
    }

    /// `{"type": ["string", "null"]}`
    #[inline]
    pub(super) fn text_or_null(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string or null", true)
    }

    /// `{"type": ["number", "null"]}`
    #[inline]
    pub(super) fn number_or_null(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Decimal<'a>>, Stop> {
        if self.scanner.is_at_number() {
            return Ok(Some(self.scanner.number()?));
        }
        self.null(field, "number or null", true)
    }

    /// `{"type": "integer", "minimum": 0}` of a field that may be left out.
    pub(super) fn count(&mut self, field: &'static str) -> Result<Option<Decimal<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::Number => {
                let number = self.scanner.number()?;
                if !number.is_integer() {
                    self.violation(Some(field), Rule::Type("integer"));
                }
                if number.is_negative() {
                    self.violation(Some(field), Rule::Minimum);
                }
                Ok(Some(number))
            }
            _ => self.null(field, "integer", self.takes_null()),
        }
    }

    /// A marker's `value`: string, number or null.
    #[inline]
    pub(super) fn marker_value(
        &mut self,
        field: &'static str,
    ) -> Result<Option<MarkerValue<'a>>, Stop> {
        if self.scanner.is_at_number() {
            return Ok(Some(MarkerValue::Number(self.scanner.number()?)));
        }
        let text = self.string(field, "string, number or null", true)?;
        Ok(text.map(MarkerValue::Text))
    }

    #[inline]
    fn string(
        &mut self,
        field: &'static str,
        expected: &'static str,
        null_is_absent: bool,
    ) -> Result<Option<Text<'a>>, Stop> {
        match self.scanner.plain_string() {
            Some(text) => Ok(Some(text)),
            None => self.any_string(field, expected, null_is_absent),
        }
    }

    /// The same for what is rarer than a plain string.
    #[inline(never)]
    fn any_string(
        &mut self,
        field: &'static str,
        expected: &'static str,
        null_is_absent: bool,
    ) -> Result<Option<Text<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::String => self.scanner.string().map(Some),
            _ => self.null(field, expected, null_is_absent),
        }
    }

    /// Passes over null where it may stand for no value, and over what is of another type than
    /// `expected`.
    #[inline(never)]
    fn null<T>(
        &mut self,
        field: &'static str,
        expected: &'static str,
        null_is_absent: bool,
    ) -> Result<Option<T>, Stop> {
        match self.scanner.kind()? {
            Kind::Null if null_is_absent => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), expected)?,
        }
        Ok(None)
    }

    #[inline]
    fn filled(&mut self, text: Option<Text<'a>>, field: &'static str) -> Option<Text<'a>> {
        if text.as_ref().is_some_and(Text::is_empty) {
            self.violation(Some(field), Rule::MinLength);
        }
        text
    }
}
