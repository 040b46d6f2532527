//! Reads JSON text token by token, strictly and in one pass.
//!
//! Owns the grammar of RFC 8259: where a value starts and ends, and whether it is well-formed. It
//! hands out slices of the text, so a number keeps every digit that the sender wrote.
//!
//! `serde_json` is the oracle for this grammar in the tests, and decodes every string that has an
//! escape. It does not drive the scan itself, because serde's data model passes numbers on as
//! `f64`, hides a key given twice, and stops at the first value of an unexpected type: each of
//! these would cost a second pass over the body.

use std::mem;

use super::decimal::Decimal;
use super::token::{Key, Name, Text, Token, has_duplicate};

#[cfg(test)]
mod tests;

/// How many containers may be open at once (`docs/contract.md`, section 4).
pub(crate) const MAX_DEPTH: usize = 64;

/// What the next value is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// Why a scan ends before the text does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text is not JSON; `at` counts bytes from its start.
    Syntax { at: usize },
    /// More than [`MAX_DEPTH`] containers are open.
    TooDeep,
}

/// A position in a JSON text.
///
/// After `begin`, call `next_item` (or `next_key`) until it says that the container has ended, and
/// read exactly one value after each call.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// A container has just been opened: no comma is due before its first item.
    fresh: bool,
    /// A skipped object had a key twice.
    duplicate: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, fresh: false, duplicate: false }
    }

    /// What the next value is; an error where no value can start.
    pub(crate) fn kind(&mut self) -> Result<Kind, Stop> {
        match self.peek() {
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Boolean),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'"') => Ok(Kind::String),
            Some(b'[') => Ok(Kind::Array),
            Some(b'{') => Ok(Kind::Object),
            _ => Err(self.syntax()),
        }
    }

    /// Opens the array or object that starts here.
    pub(crate) fn begin(&mut self) -> Result<(), Stop> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        self.advance();
        self.fresh = true;
        Ok(())
    }

    /// Moves to the next item of the open array: false at its end.
    pub(crate) fn next_item(&mut self) -> Result<bool, Stop> {
        self.next(b']')
    }

    /// Moves past the next key of the open object: none at its end.
    pub(crate) fn next_key(&mut self) -> Result<Option<Key<'a>>, Stop> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        if let Some(key) = self.short_key() {
            return Ok(Some(key));
        }
        if self.peek() != Some(b'"') {
            return Err(self.syntax());
        }
        let key = Key::of(self.string()?);
        if self.peek() != Some(b':') {
            return Err(self.syntax());
        }
        self.advance();
        Ok(Some(key))
    }

    /// Moves past a key with its colon where both are as almost all are: of less than 16 bytes,
    /// without escapes and white space. Gives what [`Self::string`] and [`Key::of`] would.
    fn short_key(&mut self) -> Option<Key<'a>> {
        let (b'"', rest) = self.text.as_bytes().get(self.at..)?.split_first()? else { return None };
        let ([low, high], _) = rest.as_chunks::<8>().0.split_first_chunk::<2>()?;
        let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high));
        let length = match special_bytes(low) {
            0 => first_byte(special_bytes(high)).wrapping_add(8),
            special => first_byte(special),
        };
        let name = Name::packed(low, high, length)?;
        let [b'"', b':', ..] = rest.get(length..)? else { return None };
        let end = self.at.checked_add(length)?.checked_add(2)?;
        let token = Token(self.text.get(self.at..end)?);
        self.at = end.checked_add(1)?;
        Some(Key { text: Text { token, decoded: None }, name })
    }

    /// Reads the string that starts here.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Stop> {
        let start = self.at;
        let mut escaped = false;
        self.advance();
        loop {
            self.skip_plain();
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.advance();
                    self.advance();
                }
                _ => return Err(self.syntax()),
            }
        }
        self.advance();
        let token = self.token(start)?;
        let decoded = if escaped {
            let decoded = serde_json::from_str(token.0);
            Some(decoded.map_err(|_| Stop::Syntax { at: start })?)
        } else {
            None
        };
        Ok(Text { token, decoded })
    }

    /// Moves to the next byte that is not a string's plain text: a quote, a backslash or a control
    /// character.
    fn skip_plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at = self.at.wrapping_add(plain_length(rest));
    }

    /// Reads the value that starts here, whatever it is.
    pub(crate) fn value(&mut self) -> Result<Token<'a>, Stop> {
        let kind = self.kind()?;
        let start = self.at;
        match kind {
            Kind::Null => self.literal("null")?,
            Kind::Boolean if self.byte() == Some(b't') => self.literal("true")?,
            Kind::Boolean => self.literal("false")?,
            Kind::Number => return self.number().map(|number| Token::of_number(&number)),
            Kind::String => drop(self.string()?),
            Kind::Array => {
                self.begin()?;
                while self.next_item()? {
                    self.value()?;
                }
            }
            Kind::Object => {
                self.begin()?;
                let mut keys = Vec::new();
                while let Some(key) = self.next_key()? {
                    keys.push(key.text);
                    self.value()?;
                }
                self.duplicate |= has_duplicate(keys.iter());
            }
        }
        self.token(start)
    }

    /// Whether an object read by [`Self::value`] since the last call had a key twice.
    pub(crate) const fn take_duplicate(&mut self) -> bool {
        mem::replace(&mut self.duplicate, false)
    }

    /// Ends the text: nothing but white space may be left.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        if self.peek().is_some() { Err(self.syntax()) } else { Ok(()) }
    }

    fn next(&mut self, close: u8) -> Result<bool, Stop> {
        let fresh = mem::replace(&mut self.fresh, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.advance();
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            Some(_) if fresh => Ok(true),
            Some(b',') => {
                self.advance();
                self.peek();
                Ok(true)
            }
            _ => Err(self.syntax()),
        }
    }

    /// Reads the number that starts here.
    pub(crate) fn number(&mut self) -> Result<Decimal<'a>, Stop> {
        let text = self.text.get(self.at..).unwrap_or_default();
        let (number, _) =
            Decimal::take(text).map_err(|at| Stop::Syntax { at: self.at.saturating_add(at) })?;
        self.at = self.at.saturating_add(number.as_str().len());
        Ok(number)
    }

    fn literal(&mut self, literal: &str) -> Result<(), Stop> {
        if !self
            .text
            .as_bytes()
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(literal.as_bytes()))
        {
            return Err(self.syntax());
        }
        self.at = self.at.saturating_add(literal.len());
        Ok(())
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.advance();
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn advance(&mut self) {
        // Every caller has seen a byte here, or ends the scan: `at` stays near the text's length.
        self.at = self.at.wrapping_add(1);
    }

    /// How many bytes have been read.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The text from `start` to here.
    pub(crate) fn token(&self, start: usize) -> Result<Token<'a>, Stop> {
        self.text.get(start..self.at).map(Token).ok_or(Stop::Syntax { at: start })
    }

    const fn syntax(&self) -> Stop {
        Stop::Syntax { at: self.at }
    }
}

/// How many bytes come before the first quote, backslash or control character.
fn plain_length(text: &[u8]) -> usize {
    // Eight at a time: most of a body is strings, and most strings are longer than that.
    let (words, rest) = text.as_chunks::<8>();
    let mut length: usize = 0;
    for word in words {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return length.saturating_add(first_byte(special));
        }
        length = length.saturating_add(8);
    }
    let plain = rest.iter().take_while(|&&byte| !matches!(byte, b'"' | b'\\' | ..b' '));
    length.saturating_add(plain.count())
}

/// The eight bytes of a word with the high bit of the first special one set, and no bit below it.
///
/// The bit is right for the lowest such byte alone: a borrow may set those of later ones. See
/// "Determine if a word has a byte less than n" in Anderson's Bit Twiddling Hacks.
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);

    let quotes = word ^ QUOTES;
    let backslashes = word ^ BACKSLASHES;
    let zeros = (quotes.wrapping_sub(ONES) & !quotes)
        | (backslashes.wrapping_sub(ONES) & !backslashes)
        | (word.wrapping_sub(SPACES) & !word);
    zeros & HIGH_BITS
}

/// Which byte of a word the lowest bit is in.
fn first_byte(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() >> 3).unwrap_or_default()
}
