//! The canonical form of a unit's spelling: what is left once the ways of writing one and the same
//! unit are made alike.
//!
//! Compiled into the build script too, so that table and input agree. Each step changes typography
//! alone, never a word, and never a letter's case but the litre's. A UCUM code is its own canonical
//! form. Specification: `docs/contract.md`, section 5, "Units".

/// The longest spelling that is looked at, in bytes, white space between two words as one space:
/// the longest row is half as long.
const MAX_BYTES: usize = 64;

/// The canonical form of `unit`; `None` where nothing would be left, or where it is too long to be
/// in the table.
pub(crate) fn canonical(unit: &str) -> Option<Text> {
    let folded = fold(unit)?;
    let mut text = rewrite(folded.as_str())?;
    if folded.as_str().contains([' ', '^']) {
        // Once more, so that `mc g` comes to the same as `mcg`, and `10e³` as `10e3`.
        text = rewrite(text.as_str())?;
    }
    (text.length > 0).then_some(text)
}

/// Makes powers of ten, exponents, the micro prefix and the litre alike, and joins the words.
fn rewrite(folded: &str) -> Option<Text> {
    let mut rest = without_calc(folded);
    let mut text = Text::EMPTY;
    // What stands before `rest`.
    let mut last = None;
    while let Some(next) = rest.chars().next() {
        let after = rest.strip_prefix(next).unwrap_or_default();
        // `x10E3/uL`, `ng/x10(6)`: the times sign goes only where a power of ten follows.
        if matches!((last, next), (None | Some('/'), 'x' | 'X')) && take_power(after).is_some() {
            rest = after;
            continue;
        }
        // `1.10*3` and `log10` hold no power of ten.
        let may_be_power = !last.is_some_and(|last: char| last.is_alphanumeric() || last == '.');
        if let Some((exponent, after)) = take_power(rest).filter(|_| may_be_power) {
            text.push_str("10*")?;
            text.push_str(exponent)?;
            rest = after;
        } else if next.is_ascii_alphabetic() {
            let (word, after) = split_off(rest, |c| c.is_ascii_alphabetic());
            push_word(&mut text, word)?;
            rest = after;
        } else {
            // `m^2` is UCUM's `m2`.
            let is_exponent = next == '^'
                && last.is_some_and(|last: char| last.is_ascii_alphabetic())
                && after.starts_with(|c: char| c.is_ascii_digit());
            if !is_exponent && next != ' ' {
                text.push(next)?;
            }
            rest = after;
        }
        last = text.as_str().chars().next_back();
    }
    Some(text)
}

/// Drops white space but for one space between two words, and writes micro signs as `u`, the times
/// sign as `x`, and a superscript as a circumflex and digits. `None` where that would make one
/// number of two: of `10^1 2` and of `10¹2`.
fn fold(unit: &str) -> Option<Text> {
    let mut text = Text::EMPTY;
    let mut in_superscript = false;
    // Of the last character: is it a letter, and has white space followed?
    let (mut in_word, mut is_apart) = (false, false);
    for character in unit.chars() {
        if character.is_whitespace() {
            is_apart = true;
            continue;
        }
        let digit = superscript(character);
        let goes_on = digit.is_some() == in_superscript && !is_apart;
        if digit.is_some() && !in_superscript {
            text.push('^')?;
        }
        in_superscript = digit.is_some();
        let plain = digit.unwrap_or(match character {
            '\u{b5}' | '\u{3bc}' => 'u',
            '\u{d7}' => 'x',
            other => other,
        });
        if is_apart && in_word && plain.is_ascii_alphabetic() {
            text.push(' ')?;
        }
        if !goes_on && plain.is_ascii_digit() && text.ends_in_digit() {
            return None;
        }
        text.push(plain)?;
        (in_word, is_apart) = (plain.is_ascii_alphabetic(), false);
    }
    Some(text)
}

fn superscript(character: char) -> Option<char> {
    Some(match character {
        '\u{2070}' => '0',
        '\u{b9}' => '1',
        '\u{b2}' => '2',
        '\u{b3}' => '3',
        '\u{2074}' => '4',
        '\u{2075}' => '5',
        '\u{2076}' => '6',
        '\u{2077}' => '7',
        '\u{2078}' => '8',
        '\u{2079}' => '9',
        _ => return None,
    })
}

/// `(calc)` at the end says how a result came about, not in what unit it is.
fn without_calc(mut text: &str) -> &str {
    const CALC: &str = "(calc)";
    while let Some((unit, end)) =
        text.len().checked_sub(CALC.len()).and_then(|at| text.split_at_checked(at))
        && end.eq_ignore_ascii_case(CALC)
    {
        text = unit;
    }
    text
}

/// The exponent of the power of ten that `text` begins with, and what follows it.
fn take_power(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("10")?;
    let (exponent, rest) = if let Some(inside) = rest.strip_prefix('(') {
        let (exponent, rest) = split_off(inside, |c| c.is_ascii_digit());
        (exponent, rest.strip_prefix(')')?)
    } else {
        split_off(rest.strip_prefix(['*', '^', 'E', 'e'])?, |c| c.is_ascii_digit())
    };
    (!exponent.is_empty()).then_some((exponent, rest))
}

/// Writes `mcg` as `ug` and `ml` as `mL`, in any other word nothing. The build script adds `mc`
/// before the rarer units, `mcs` and its like, from the table.
fn push_word(text: &mut Text, word: &str) -> Option<()> {
    let word = match (word.strip_prefix("mc"), word.strip_prefix("MC")) {
        (Some(unit @ ("g" | "l" | "L" | "mol" | "eq" | "Eq" | "U" | "IU" | "kat")), _) => {
            text.push('u')?;
            unit
        }
        (_, Some(unit @ ("G" | "L" | "MOL" | "EQ" | "IU"))) => {
            text.push('U')?;
            unit
        }
        _ => word,
    };
    match word {
        // UCUM has both letters for the litre; what is written is L.
        "l" | "kl" | "dl" | "cl" | "ml" | "ul" | "nl" | "pl" | "fl" => {
            text.push_str(word.strip_suffix('l').unwrap_or(word))?;
            text.push('L')
        }
        _ => text.push_str(word),
    }
}

/// Parts the longest beginning of which each character `belongs`.
fn split_off(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at_checked(text.find(|c| !belongs(c)).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// A text on the stack: one is made for each marker, so it takes no memory from the allocator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    bytes: [u8; MAX_BYTES],
    length: usize,
}

impl Text {
    const EMPTY: Self = Self { bytes: [0; MAX_BYTES], length: 0 };

    /// The text; empty for what is not UTF-8, which nothing here writes.
    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }

    fn ends_in_digit(&self) -> bool {
        self.bytes.get(..self.length).and_then(<[u8]>::last).is_some_and(u8::is_ascii_digit)
    }

    fn push(&mut self, character: char) -> Option<()> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// `None`, and nothing written, where the text would be too long.
    fn push_str(&mut self, text: &str) -> Option<()> {
        let end = self.length.checked_add(text.len())?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Some(())
    }
}
