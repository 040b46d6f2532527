//! Units of measure as UCUM codes.
//!
//! Owns the table from senders' exact spellings to codes, `data/units.tsv`, compiled in. Never
//! converts a magnitude and never guesses: what is not in the table has no code.
//! Specification: the Unified Code for Units of Measure, version 2.2, case-sensitive codes.

mod slot;

include!(concat!(env!("OUT_DIR"), "/units.rs"));

/// The UCUM code for a unit as spelled, case and all; `None` for an unknown spelling.
#[must_use]
pub fn ucum(unit: &str) -> Option<&'static str> {
    for slot in slot::from(unit) {
        // An empty slot ends the search.
        let row = usize::from((*ROWS.get(slot)?)?);
        let (spelling, code) = *UNITS.get(row)?;
        if spelling == unit {
            return Some(code);
        }
    }
    None
}

#[cfg(test)]
mod tests;
