//! What a proof measured, kept as one row of the table that `make proof` prints.

use std::fs;

/// Keeps a row under a name that sorts it: what was done, and what came of it.
pub fn record(name: &str, what: &str, result: &str) {
    let directory = crate::root().join("target/proof");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), format!("| {what} | {result} |\n")).unwrap();
}
