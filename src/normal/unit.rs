//! Units of measure as UCUM codes.
//!
//! Owns the table from senders' exact spellings to codes, `data/units.tsv`, compiled in. Never
//! converts a magnitude and never guesses: what is not in the table has no code.
//! Specification: the Unified Code for Units of Measure, version 2.2, case-sensitive codes.

include!(concat!(env!("OUT_DIR"), "/units.rs"));

/// The UCUM code for a unit as spelled, case and all; `None` for an unknown spelling.
#[must_use]
pub fn ucum(unit: &str) -> Option<&'static str> {
    let row = UNITS.binary_search_by_key(&unit, |&(spelling, _)| spelling).ok()?;
    UNITS.get(row).map(|&(_, code)| code)
}

#[cfg(test)]
mod tests;
