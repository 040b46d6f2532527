//! Turns `data/units.tsv` into the tables that `src/event/unit.rs` looks units up in.
//!
//! A row that is not spelling, code and source, an empty cell, white space at a cell's end or a
//! spelling given twice fails the build: a wrong unit must not reach a patient's record.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

#[path = "src/event/unit/slot.rs"]
mod slot;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/event/unit/slot.rs");
    println!("cargo:rerun-if-changed={UNITS}");
    let units = fs::read_to_string(UNITS)?;
    let table = table(&units)?;
    let directory = env::var_os("OUT_DIR").ok_or("OUT_DIR: not set")?;
    fs::write(Path::new(&directory).join("units.rs"), table)?;
    Ok(())
}

const UNITS: &str = "../data/units.tsv";

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
        if rows.insert(spelling, code).is_some() {
            return Err(format!("{UNITS}:{number}: {spelling} is given twice"));
        }
    }
    let mut table = String::from("const UNITS: &[(&str, &str)] = &[\n");
    // Open addressing: a spelling stands in the first free slot from its own on.
    let mut slots = [None; slot::COUNT];
    for (row, index) in rows.iter().zip(0_u16..) {
        writeln!(table, "    {row:?},").map_err(|error| error.to_string())?;
        let free = slot::from(row.0).find(|&slot| slots.get(slot).is_some_and(Option::is_none));
        let free = free.and_then(|slot| slots.get_mut(slot));
        *free.ok_or("src/event/unit/slot.rs: COUNT is too small")? = Some(index);
    }
    writeln!(table, "];\nconst ROWS: [Option<u16>; slot::COUNT] = {slots:?};")
        .map_err(|error| error.to_string())?;
    Ok(table)
}
