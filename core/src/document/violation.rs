//! What is wrong with a document: where, and which rule of the schema it breaks.
//!
//! Never holds a value, nor a key that the schema does not name: both can be a patient's data.

use std::fmt;

use crate::json::MAX_DEPTH;

/// How many violations an answer names (`docs/contract.md`, section 2).
pub(super) const MAX_VIOLATIONS: usize = 5;

/// Why a body is not a valid document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// The body is not UTF-8; `at` counts the valid bytes before.
    NotUtf8 {
        /// Offset in bytes of the first invalid sequence.
        at: usize,
    },
    /// The body is not JSON.
    NotJson {
        /// Offset in bytes of the place where no JSON text can go on.
        at: usize,
    },
    /// The body is JSON, and breaks these rules: one at least, and a few where it breaks many.
    /// Those of the event come before those of its `data`, keys given twice last.
    Schema(Vec<Violation>),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { at } => write!(f, "body is not UTF-8 at byte {at}"),
            Self::NotJson { at } => write!(f, "body is not JSON at byte {at}"),
            Self::Schema(violations) => {
                for (index, violation) in violations.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{violation}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for DocumentError {}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The object that the field belongs to, or the value itself where there is no field.
    pub place: Place,
    /// The field, one that the schema names.
    pub field: Option<&'static str>,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Violation {
    /// A JSON Pointer (RFC 6901) and the rule: `/data/markers/3/name: required`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            // The pointer to the whole document is empty, which nobody would see in a message.
            Place::Event if self.field.is_none() => write!(f, "(document)")?,
            Place::Event => {}
            Place::Data => write!(f, "/data")?,
            Place::Marker(index) => write!(f, "/data/markers/{index}")?,
        }
        if let Some(field) = self.field {
            write!(f, "/{field}")?;
        }
        write!(f, ": {}", self.rule)
    }
}

/// An object of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole document.
    Event,
    /// Its `data`.
    Data,
    /// An item of `data.markers`, by index from 0.
    Marker(usize),
}

/// A rule of the schema, or one of the two that the contract adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The field is missing.
    Required,
    /// The value is of another JSON type than this.
    Type(&'static str),
    /// The string is empty.
    MinLength,
    /// The number is negative.
    Minimum,
    /// The string is none of those that the schema lists.
    Enum,
    /// An object has a key twice.
    DuplicateKey,
    /// Containers are nested too deep.
    Depth,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::Type(expected) => write!(f, "type {expected}"),
            Self::MinLength => f.write_str("minLength 1"),
            Self::Minimum => f.write_str("minimum 0"),
            Self::Enum => f.write_str("enum"),
            Self::DuplicateKey => f.write_str("duplicate key"),
            Self::Depth => write!(f, "nesting deeper than {MAX_DEPTH}"),
        }
    }
}

/// What a document, or its `data`, breaks so far.
#[derive(Default)]
pub(super) struct Findings {
    /// Of the schema's rules: they count only on the branch that they belong to.
    pub(super) schema: Vec<Violation>,
    /// Keys given twice: they count on every branch.
    pub(super) duplicates: Vec<Violation>,
}

impl Findings {
    pub(super) const fn are_empty(&self) -> bool {
        self.schema.is_empty() && self.duplicates.is_empty()
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.schema.append(&mut other.schema);
        self.duplicates.append(&mut other.duplicates);
    }

    pub(super) fn into_error(self) -> DocumentError {
        let mut violations = self.schema;
        violations.extend(self.duplicates);
        violations.truncate(MAX_VIOLATIONS);
        DocumentError::Schema(violations)
    }
}
