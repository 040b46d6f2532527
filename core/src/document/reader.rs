//! A document on its way: where the reading is, and what has been noted of it.
//!
//! Owns what every part of the schema needs: a field's slot, values that the schema does not name,
//! and the notes of what is broken. Which fields there are, and what each takes, is
//! [`super::object`]'s and [`super::field`]'s.

use super::violation::{Findings, MAX_VIOLATIONS, Place, Rule, Violation};
use super::{Extra, Nulls, Rules, UnknownValue};
use crate::json::{Key, Kind, Scanner, Stop, Text, has_duplicate};

/// A document as far as it has been read.
pub(super) struct Reader<'a> {
    pub(super) scanner: Scanner<'a>,
    pub(super) rules: Rules,
    /// The object that is being read.
    pub(super) place: Place,
    pub(super) findings: Findings,
    /// The unknown fields of the markers read so far.
    pub(super) marker_extra: Vec<(Text<'a>, UnknownValue<'a>)>,
}

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
    pub(super) fn new(text: &'a str, rules: Rules) -> Self {
        Self {
            scanner: Scanner::new(text),
            rules,
            place: Place::Event,
            findings: Findings::default(),
            marker_extra: Vec::new(),
        }
    }

    /// Reads a known field's value, or passes over it where the key is not the first of its name.
    #[inline]
    pub(super) fn field<T>(
        &mut self,
        slot: &mut Slot<T>,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<Option<T>, Stop>,
    ) -> Result<(), Stop> {
        if slot.is_seen {
            return self.repeated(field);
        }
        slot.is_seen = true;
        slot.value = read(self, field)?;
        Ok(())
    }

    /// Passes over a known field whose key is not the first of its name.
    #[inline(never)]
    fn repeated(&mut self, field: &'static str) -> Result<(), Stop> {
        self.duplicate(Some(field));
        self.unknown().map(drop)
    }

    /// Keeps a field that the schema does not name.
    pub(super) fn unknown_field(
        &mut self,
        extra: &mut Vec<(Text<'a>, UnknownValue<'a>)>,
        key: Key,
    ) -> Result<(), Stop> {
        extra.push((self.scanner.text_of(key)?, self.unknown()?));
        Ok(())
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

    /// Whether null counts as absent in a field that may be left out.
    pub(super) fn takes_null(&self) -> bool {
        self.rules.nulls == Nulls::Absent
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
