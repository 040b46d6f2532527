//! JSON as a sender spells it: the way in, the way out, and the numbers and strings between.
//!
//! Owns the grammar of RFC 8259. A value is a slice of the text that it was read from, so nothing
//! is decoded, rounded or copied on its way but a string with escapes. It knows nothing of any
//! schema: what a document must hold is `crate::document`'s, what it means `crate::event`'s.

mod decimal;
mod escape;
mod plain;
mod scan;
mod token;
mod writer;

pub use self::decimal::Decimal;
pub use self::token::{Text, Token};

pub(crate) use self::scan::{Kind, MAX_DEPTH, Scanner, Stop};
pub(crate) use self::token::{Key, Name, has_duplicate};
pub(crate) use self::writer::Writer;
