//! Texts from outside, fit for a line of the explanation.

use crate::output;

/// The most characters of a text that are shown.
const MOST_CHARACTERS: usize = 80;

/// What a text says, without anything that a terminal would obey, and not all of a long one.
pub(crate) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut short: String = text.chars().take(MOST_CHARACTERS).collect();
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        short.push('…');
    }
    output::plain(&short)
}

/// A number with its noun: `1 byte`, `2 bytes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nothing_that_a_terminal_obeys_and_nothing_endless() {
        assert_eq!(shown(b"a\x1b[2Jb\r\n"), r"a\u{1b}[2Jb\r\n");
        assert_eq!(shown(b"\xff"), "\u{fffd}");
        assert_eq!(shown("é".repeat(80).as_bytes()), "é".repeat(80));
        assert_eq!(shown("é".repeat(81).as_bytes()), format!("{}…", "é".repeat(80)));
    }
}
