//! `junction.event.v1`: what the upstream receives in place of the sender's document.
//!
//! Owns the meaning of the sender's values (numbers, units, interpretation words, times). Never
//! converts a magnitude, never rounds, and never passes a number through floating point.
//! Specification: `docs/contract.md`, section 5.

mod cleaning;
pub mod interpretation;
mod reading;
pub mod time;
pub mod unit;
pub mod value;
mod writer;

pub use self::writer::{CONTRACT, Envelope, normalise};
