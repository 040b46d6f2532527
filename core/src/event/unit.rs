//! Units of measure as UCUM codes.
//!
//! Owns the table from senders' spellings to codes, `data/units.tsv`, compiled in. A spelling is
//! known when its canonical form is that of a row, or of a row with `mc` for its micro prefix.
//! Never converts a magnitude and never guesses: what is not in the table has no code.
//! Specification: `docs/contract.md`, section 5, "Units"; the Unified Code for Units of Measure,
//! version 2.2, case-sensitive codes.

mod spelling;

#[expect(clippy::unreadable_literal, reason = "the build script writes it, from data/units.tsv")]
mod table {
    include!(concat!(env!("OUT_DIR"), "/units.rs"));
}

/// The UCUM code for a unit as spelled, case and all; `None` for an unknown spelling, and for one
/// that several units share.
#[must_use]
pub fn ucum(unit: &str) -> Option<&'static str> {
    // Most senders' spelling is the canonical form, as a UCUM code is.
    let row = table::UNITS.get(unit);
    row.or_else(|| table::UNITS.get(spelling::canonical(unit)?.as_str())).copied()
}

#[cfg(test)]
mod tests;
