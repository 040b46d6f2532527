//! What a proof measured, kept as one row of the table that `make proof` prints.

use std::fs;
use std::path::Path;

/// Keeps a row under a name that sorts it: what was done, and what came of it.
pub(crate) fn record(name: &str, what: &str, result: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/proof");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), format!("| {what} | {result} |\n")).unwrap();
}
