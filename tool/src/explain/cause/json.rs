//! JSON as libraries of other languages write it again.
//!
//! Owns which ways of writing are tried. Numbers keep their tokens unless the style says otherwise:
//! what other code made of `100.20` is not known from `100.2`, so of numbers that may have lost
//! their digits a few whole ways are tried, and never each number by itself.

mod number;
mod tree;
mod writer;

pub(super) use self::{tree::Tree, writer::write};

/// How a JSON text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) order: Order,
    pub(crate) space: Space,
    pub(crate) escapes: Escapes,
}

/// What is otherwise about the document before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) numbers: Numbers,
    pub(crate) is_sorted: bool,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// As they arrived.
    Kept,
    /// As JavaScript writes them: `1.0` is `1`.
    Short,
    /// With so many decimals or more, as Python writes a whole `float`, `1.0`, and a database a
    /// `DECIMAL`, `100.20`; `everywhere`, or in [`MEASURED`] alone.
    Decimals { least: usize, everywhere: bool },
}

/// The fields that the schema has as numbers, and not as whole ones (docs/contract.md, section 4).
pub(super) const MEASURED: [&str; 3] = ["value", "min_range_value", "max_range_value"];

/// What stands between the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Nothing.
    None,
    /// One space after `,` and `:`, as Python does.
    Spaced,
    /// A line for each, indented by so many spaces.
    Indented(usize),
    /// A line for each, indented by a tab.
    Tabbed,
}

/// Which characters of strings are escaped beyond those that must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    None,
    /// Everything beyond ASCII, as Python and others do.
    Ascii,
    /// That, and `/`, as PHP does.
    AsciiAndSlash,
    /// `<`, `>` and `&`, as Go does.
    Html,
}

impl Style {
    /// All that are tried, the common ones first, and of one order the shortest first.
    pub(super) fn all() -> Vec<Self> {
        let spaces =
            [Space::None, Space::Spaced, Space::Indented(2), Space::Indented(4), Space::Tabbed];
        let escapes = [Escapes::None, Escapes::Ascii, Escapes::AsciiAndSlash, Escapes::Html];
        let mut all = Vec::new();
        let mut add = |order, spaces: &[Space], escapes: &[Escapes]| {
            for &space in spaces {
                all.extend(escapes.iter().map(|&escapes| Self { order, space, escapes }));
            }
        };
        for is_sorted in [false, true] {
            for numbers in [Numbers::Kept, Numbers::Short] {
                add(Order { numbers, is_sorted }, &spaces, &escapes);
            }
        }
        for least in 1..=3 {
            for everywhere in [false, true] {
                // What loses digits writes the rest anew as well: that there were spaces, or
                // escapes, cannot be seen any more.
                let numbers = Numbers::Decimals { least, everywhere };
                let order = Order { numbers, is_sorted: false };
                add(order, &[Space::None, Space::Spaced], &[Escapes::None, Escapes::Ascii]);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests;
