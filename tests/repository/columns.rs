//! No comment is wider than 100 columns: rustfmt wraps code at that width, and leaves comments as
//! they are.

use harness::root;

use crate::links::read_into;

/// As `rustfmt.toml` has it.
const WIDTH: usize = 100;

#[test]
fn no_comment_is_wider_than_the_code() {
    let mut sources = Vec::new();
    for directory in [
        "bench",
        "core",
        "fuzz/fuzz_targets",
        "native",
        "src",
        "tests",
        "tool",
        "upstream-mock",
        "xtask",
    ] {
        read_into(&mut sources, &root().join(directory));
    }
    assert!(sources.len() > 300, "{} files were read", sources.len());
    let mut wide = Vec::new();
    for (path, text) in sources {
        for (line, number) in text.lines().zip(1..) {
            if line.trim_start().starts_with("//") && line.chars().count() > WIDTH {
                wide.push(format!("{}:{number}", path.display()));
            }
        }
    }
    assert!(wide.is_empty(), "wrap these comments at {WIDTH} columns:\n{}", wide.join("\n"));
}
