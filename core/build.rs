//! Turns `data/units.tsv` into the table that `src/event/unit.rs` looks units up in, by canonical
//! spelling, and adds to it each row's spelling with `mc` for the micro prefix where the row has
//! one and no other row is so spelled.
//!
//! A wrong unit must not reach a patient's record, so the build fails on a row that is not
//! spelling, code and source, on an empty cell or white space at its end, on a code that is not its
//! own canonical form, and on two rows whose spellings are the same in canonical form.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

// By its path: a build script cannot use the crate that it builds, and the table must have the
// canonical form that the look-up has.
#[path = "src/event/unit/spelling.rs"]
mod spelling;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/event/unit/spelling.rs");
    println!("cargo:rerun-if-changed={UNITS}");
    let units = fs::read_to_string(UNITS)?;
    let table = table(&units)?;
    let directory = env::var_os("OUT_DIR").ok_or("OUT_DIR: not set")?;
    fs::write(Path::new(&directory).join("units.rs"), table)?;
    Ok(())
}

const UNITS: &str = "../data/units.tsv";
/// The code of a spelling that several units share: it holds the place against every other row.
const SHARED: &str = "-";

fn table(units: &str) -> Result<String, String> {
    let mut rows = BTreeMap::new();
    for (line, number) in units.lines().zip(1_usize..) {
        // `#/hpf` is a spelling.
        if line == "#" || line.starts_with("# ") {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        let &[spelling, code, _source] = cells.as_slice() else {
            return Err(format!("{UNITS}:{number}: not three columns"));
        };
        if cells.iter().any(|cell| cell.is_empty() || cell.trim() != *cell) {
            return Err(format!("{UNITS}:{number}: a cell is empty or has white space around it"));
        }
        if canonical(code).as_deref() != Some(code) {
            return Err(format!("{UNITS}:{number}: {code} is not its own canonical form"));
        }
        let key = canonical(spelling)
            .ok_or_else(|| format!("{UNITS}:{number}: {spelling} has no canonical form"))?;
        if let Some((other, _)) = rows.insert(key, (spelling, code)) {
            return Err(format!("{UNITS}:{number}: {spelling} is known as {other} already"));
        }
    }
    let mut codes: BTreeMap<String, &str> = BTreeMap::new();
    for (key, (_, code)) in &rows {
        if *code != SHARED {
            codes.insert(key.clone(), code);
            // What a row says itself goes before.
            let derived = behind_mc(key, code).filter(|other| !rows.contains_key(other));
            if let Some(other) = derived
                && let Some(second) = codes.insert(other.clone(), code)
                && second != *code
            {
                return Err(format!("{UNITS}: {other} would be both {second} and {code}"));
            }
        }
    }
    let mut map = phf_codegen::Map::new();
    for (key, code) in &codes {
        map.entry(key.as_str(), format!("{code:?}"));
    }
    Ok(format!(
        "/// Codes by the canonical form of their spellings.\n\
         pub(super) static UNITS: phf::Map<&'static str, &'static str> = {};\n",
        map.build()
    ))
}

/// The row's spelling with `mc` for the micro prefix; `None` where it has none, or one that
/// [`spelling::canonical`] reads by itself, as it does before the usual units.
fn behind_mc(key: &str, code: &str) -> Option<String> {
    let signs = micro_signs(key);
    // `%uptake` has a `u` that its code, `%{uptake}`, has in an annotation alone: it is no prefix.
    if signs.is_empty() || signs.len() != micro_signs(code).len() {
        return None;
    }
    let mut text = key.to_owned();
    for &at in signs.iter().rev() {
        text.replace_range(at..=at, "mc");
    }
    canonical(&text).filter(|form| form != key)
}

/// Where words begin with `u` before a unit, outside of annotations and brackets. In a UCUM code
/// each of them is a micro prefix.
fn micro_signs(text: &str) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut before = None;
    let mut signs = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '{' | '[' => depth = depth.saturating_add(1),
            '}' | ']' => depth = depth.saturating_sub(1),
            'u' if depth == 0
                && !before.is_some_and(|before: char| before.is_ascii_alphabetic()) =>
            {
                let unit = text.get(at.saturating_add(1)..).and_then(|unit| unit.chars().next());
                if unit.is_some_and(|unit| unit.is_ascii_alphabetic() || unit == '[') {
                    signs.push(at);
                }
            }
            _ => {}
        }
        before = Some(character);
    }
    signs
}

fn canonical(text: &str) -> Option<String> {
    spelling::canonical(text).map(|text| text.as_str().to_owned())
}
