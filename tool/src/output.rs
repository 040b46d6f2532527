//! What the commands print: results on standard output, in colour on a terminal alone.
//!
//! Colour is left out where the output is no terminal, where `NO_COLOR` is set and where `TERM` is
//! `dumb`; that is decided by [`anstream`]. Nothing that is printed in colour says by colour alone
//! what it says.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// What is in order.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What is not, and makes the command fail.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is not, and does not.
pub(crate) const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
/// What goes with something else.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What a reader looks for first.
pub(crate) const STRONG: Style = Style::new().bold();

/// Standard output, for one command. `write!(out, "{GOOD}passed{GOOD:#}")` is in colour where that
/// is wanted.
pub(crate) fn standard() -> impl Write {
    anstream::stdout().lock()
}

/// Prints what a script reads: one JSON document, and a line feed.
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)
}

/// Text that came from outside, for a terminal: control characters and those that turn the
/// direction of text are shown by their escapes, so that nothing in it is obeyed.
pub(crate) fn plain(text: &str) -> String {
    let is_harmful = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmful(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_give_the_terminal_orders() {
        assert_eq!(plain("\u{1b}[31mred\u{7}\n"), r"\u{1b}[31mred\u{7}\n");
        assert_eq!(plain("a\u{202e}b\u{9b}c"), r"a\u{202e}b\u{9b}c");
        assert_eq!(plain("10³/µL ≤ ü 血"), "10³/µL ≤ ü 血");
    }
}
