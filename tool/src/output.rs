//! What the commands print: results on standard output, in colour on a terminal alone.
//!
//! Colour is left out where the output is no terminal, where `NO_COLOR` is set and where `TERM` is
//! `dumb`; that is decided by [`anstream`]. Nothing that is printed in colour says by colour alone
//! what it says.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write},
};

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
    escaped(text, |letter, shown| shown.extend(letter.escape_default()))
}

/// JSON that came from outside: on a terminal the same value without such characters, elsewhere the
/// same bytes.
pub(crate) fn json_text(json: &str) -> Cow<'_, str> {
    if io::stdout().is_terminal() { Cow::Owned(harmless_json(json)) } else { Cow::Borrowed(json) }
}

/// The same JSON value. Such a character is inside a string: elsewhere JSON has none of them but
/// white space.
fn harmless_json(json: &str) -> String {
    escaped(json, |letter, shown| {
        if letter.is_ascii_whitespace() {
            shown.push(letter);
            return;
        }
        let mut units = [0; 2];
        shown.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
    })
}

fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || is_direction(letter) {
            escape(letter, &mut shown);
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Whether a character turns the direction of text, or is a mark that nobody sees.
const fn is_direction(letter: char) -> bool {
    matches!(
        letter,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_give_the_terminal_orders() {
        assert_eq!(plain("\u{1b}[31mred\u{7}\n"), r"\u{1b}[31mred\u{7}\n");
        assert_eq!(plain("a\u{202e}b\u{9b}c"), r"a\u{202e}b\u{9b}c");
        assert_eq!(harmless_json("{\"a\":\n\"\u{9b}\u{202e}\"}"), "{\"a\":\n\"\\u009b\\u202e\"}");
        assert_eq!(plain("10³/µL ≤ ü 血"), "10³/µL ≤ ü 血");
    }
}
