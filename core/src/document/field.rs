//! Reads one field: each function is a rule that the schema has for a value.

use super::read::Reader;
use super::scan::{Kind, Stop};
use super::token::{Text, has_duplicate};
use super::violation::{MAX_VIOLATIONS, Rule, Violation};
use super::{Extra, MarkerValue, Nulls, UnknownValue};
use crate::decimal::Decimal;

/// A field while its object is read.
pub(super) struct Slot<T> {
    /// Its key was there, whatever the value.
    pub(super) is_seen: bool,
    /// The value of the first such key, where it has the right type.
    pub(super) value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { is_seen: false, value: None }
    }
}

impl<'a> Reader<'a> {
    /// Reads a known field's value, or passes over it where the key is not the first of its name.
    pub(super) fn field<T>(
        &mut self,
        slot: &mut Slot<T>,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<Option<T>, Stop>,
    ) -> Result<(), Stop> {
        if slot.is_seen {
            self.duplicate(Some(field));
            self.unknown()?;
        } else {
            slot.is_seen = true;
            slot.value = read(self, field)?;
        }
        Ok(())
    }

    /// `{"type": "string"}` of a field that may be left out.
    pub(super) fn text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string", self.takes_null())
    }

    /// `{"type": "string", "minLength": 1}` of a field that may be left out; so is an empty one where
    /// the rules say so, which then is an empty text.
    pub(super) fn filled_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        let text = self.text(field)?;
        Ok(if self.takes_null() { text } else { self.filled(text, field) })
    }

    /// `{"type": "string"}` of a required field.
    pub(super) fn required_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string", false)
    }

    /// `{"type": "string", "minLength": 1}` of a required field.
    pub(super) fn required_filled_text(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Text<'a>>, Stop> {
        let text = self.required_text(field)?;
        Ok(self.filled(text, field))
    }

    /// `{"type": ["string", "null"]}`
    pub(super) fn text_or_null(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string or null", true)
    }

    /// `{"type": ["number", "null"]}`
    pub(super) fn number_or_null(
        &mut self,
        field: &'static str,
    ) -> Result<Option<Decimal<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::Number => return self.scanner.number().map(Some),
            Kind::Null => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), "number or null")?,
        }
        Ok(None)
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
                return Ok(Some(number));
            }
            Kind::Null if self.takes_null() => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), "integer")?,
        }
        Ok(None)
    }

    /// A marker's `value`: string, number or null.
    pub(super) fn marker_value(
        &mut self,
        field: &'static str,
    ) -> Result<Option<MarkerValue<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::String => return self.scanner.string().map(MarkerValue::Text).map(Some),
            Kind::Number => return self.scanner.number().map(MarkerValue::Number).map(Some),
            Kind::Null => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), "string, number or null")?,
        }
        Ok(None)
    }

    /// Whether null counts as absent in a field that may be left out.
    pub(super) fn takes_null(&self) -> bool {
        self.rules.nulls == Nulls::Absent
    }

    fn string(
        &mut self,
        field: &'static str,
        expected: &'static str,
        null_is_absent: bool,
    ) -> Result<Option<Text<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::String => return self.scanner.string().map(Some),
            Kind::Null if null_is_absent => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), expected)?,
        }
        Ok(None)
    }

    fn filled(&mut self, text: Option<Text<'a>>, field: &'static str) -> Option<Text<'a>> {
        if text.as_ref().is_some_and(Text::is_empty) {
            self.violation(Some(field), Rule::MinLength);
        }
        text
    }

    /// The value of a field that the schema does not name.
    pub(super) fn unknown(&mut self) -> Result<UnknownValue<'a>, Stop> {
        match self.scanner.kind()? {
            Kind::String => return self.scanner.string().map(UnknownValue::Text),
            Kind::Number => return self.scanner.number().map(UnknownValue::Number),
            _ => {}
        }
        let token = self.scanner.value()?;
        if self.scanner.take_duplicate() {
            self.duplicate(None);
        }
        Ok(UnknownValue::Other(token))
    }

    /// Passes over a value of the wrong type.
    pub(super) fn mismatch(
        &mut self,
        field: Option<&'static str>,
        expected: &'static str,
    ) -> Result<(), Stop> {
        self.unknown()?;
        self.violation(field, Rule::Type(expected));
        Ok(())
    }

    pub(super) fn require<T>(&mut self, slot: &Slot<T>, field: &'static str) {
        if !slot.is_seen {
            self.violation(Some(field), Rule::Required);
        }
    }

    pub(super) fn refuse_duplicates(&mut self, extra: &Extra<'a>) {
        if has_duplicate_key(extra) {
            self.duplicate(None);
        }
    }

    pub(super) fn violation(&mut self, field: Option<&'static str>, rule: Rule) {
        if self.findings.schema.len() < MAX_VIOLATIONS {
            self.findings.schema.push(Violation { place: self.place, field, rule });
        }
    }

    /// Notes a key given twice: `field`, or one that the schema does not name.
    pub(super) fn duplicate(&mut self, field: Option<&'static str>) {
        if self.findings.duplicates.len() < MAX_VIOLATIONS {
            let rule = Rule::DuplicateKey;
            self.findings.duplicates.push(Violation { place: self.place, field, rule });
        }
    }
}

/// Whether a key is given twice among fields that the schema does not name.
pub(super) fn has_duplicate_key(extra: &Extra<'_>) -> bool {
    has_duplicate(extra.iter().map(|(key, _)| key))
}
