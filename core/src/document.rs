//! The sender's document: typed, borrowed from the body, checked against the documented schema.
//!
//! [`read`] goes through the body once: it parses and validates in the same pass, and keeps every
//! value as the sender spelled it. It never changes a value; that is `crate::event`'s part.
//!
//! The rules are those of `tests/data/schema/request.schema.json` (JSON Schema 2020-12), whose
//! verdict it shares on every JSON document, with two additions: a key given twice in one object is
//! refused, since parsers disagree about its value, and nesting is limited.

use serde::Deserialize;

use crate::json::{Decimal, Text, Token};

mod data;
mod field;
mod object;
mod read;
mod reader;
mod violation;

pub use object::{Ids, LabResult, Marker, Order};
pub use read::read;
pub use violation::{DocumentError, Place, Rule, Violation};

/// The two switches of the schema (`docs/contract.md`, section 4); the default is the schema as
/// documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What becomes of a document whose `event_type` is not documented.
    pub unknown_events: UnknownEvents,
    /// How null is taken.
    pub nulls: Nulls,
}

/// What becomes of a document whose `event_type` is a string that the schema does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownEvents {
    /// It breaks the schema.
    #[default]
    Reject,
    /// It is read as [`Document::Unknown`].
    Acknowledge,
    /// It is read as a [`Document::Event`] whose `data` may be anything. Its type must be fit for a
    /// header, else it breaks the schema.
    Forward,
}

/// How null is taken where the schema wants something else and the field may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// As the schema has it: null is not a string.
    #[default]
    Reject,
    /// As if the field had been left out; and so is `""` taken where the schema wants a character.
    Absent,
}

/// A verified body that is JSON.
#[derive(Debug)]
pub enum Document<'a> {
    /// It satisfies the schema, or is of another type and goes on as it is.
    Event(Box<Event<'a>>),
    /// An object whose `event_type` is a string that the schema does not list; the rest of it has
    /// not been held against the schema.
    Unknown {
        /// The type that the sender gave.
        event_type: Text<'a>,
    },
}

/// The type of an event that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventName<'a> {
    /// One that the schema lists.
    Documented(EventType),
    /// Another: 1 to [`MAX_NAME_BYTES`] visible ASCII characters.
    Other(Text<'a>),
}

impl EventName<'_> {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Documented(event_type) => event_type.as_str(),
            Self::Other(text) => text.as_str(),
        }
    }
}

/// The longest name of an event that is not documented and goes on. Junction's longest has 54
/// characters; the name becomes a header.
pub const MAX_NAME_BYTES: usize = 128;

/// Whether a name can stand in a header as it is (RFC 9110, section 5.5), and in a log.
fn is_fit_for_header(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The four documented event types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// `labtest.result.ready`
    ResultReady,
    /// `labtest.result.critical`
    ResultCritical,
    /// `order.completed`
    OrderCompleted,
    /// `order.cancelled`
    OrderCancelled,
}

impl EventType {
    /// All of them, in the schema's order.
    pub const ALL: [Self; 4] =
        [Self::ResultReady, Self::ResultCritical, Self::OrderCompleted, Self::OrderCancelled];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResultReady => "labtest.result.ready",
            Self::ResultCritical => "labtest.result.critical",
            Self::OrderCompleted => "order.completed",
            Self::OrderCancelled => "order.cancelled",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.as_str() == name)
    }
}

/// Fields that the schema does not name, in the sender's order.
pub type Extra<'a> = [(Text<'a>, UnknownValue<'a>)];

/// The value of a field that the schema does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownValue<'a> {
    /// A JSON string.
    Text(Text<'a>),
    /// A JSON number.
    Number(Decimal<'a>),
    /// Anything else.
    Other(Token<'a>),
}

impl<'a> UnknownValue<'a> {
    /// The value as the sender spelled it.
    #[must_use]
    pub const fn token(&self) -> Token<'a> {
        match self {
            Self::Text(text) => text.token(),
            Self::Number(number) => Token::of_number(number),
            Self::Other(token) => *token,
        }
    }
}

/// A document that satisfies the schema, its `data` apart where its type is not documented.
#[derive(Debug)]
pub struct Event<'a> {
    /// `event_type`
    pub event_type: EventName<'a>,
    /// Whom it is about.
    pub ids: Ids<'a>,
    /// `data`
    pub data: Data<'a>,
    /// Fields beside these.
    pub extra: Vec<(Text<'a>, UnknownValue<'a>)>,
}

/// An event's `data`, of the kind that its `event_type` selects.
#[derive(Debug)]
pub enum Data<'a> {
    /// Of `labtest.result.ready` and `labtest.result.critical`.
    LabResult(Box<LabResult<'a>>),
    /// Of `order.completed` and `order.cancelled`.
    Order(Order<'a>),
    /// Of a type that is not documented: any JSON value, as it is; `None` where it is absent.
    Other(Option<Token<'a>>),
}

/// A marker's `value`, where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerValue<'a> {
    /// A JSON number.
    Number(Decimal<'a>),
    /// A JSON string.
    Text(Text<'a>),
}

impl<'a> MarkerValue<'a> {
    /// The value as the sender spelled it.
    #[must_use]
    pub const fn token(&self) -> Token<'a> {
        match self {
            Self::Number(number) => Token::of_number(number),
            Self::Text(text) => text.token(),
        }
    }
}

#[cfg(test)]
mod tests;
