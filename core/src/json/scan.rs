//! Reads JSON text token by token, strictly and in one pass.
//!
//! Owns the grammar of RFC 8259: where a value starts and ends, and whether it is well-formed. It
//! hands out slices of the text, so a number keeps every digit that the sender wrote.
//!
//! `serde_json` is the oracle for this grammar in the tests. It does not drive the scan itself,
//! because serde's data model passes numbers on as `f64`, hides a key given twice, and stops at the
//! first value of an unexpected type: each of these would cost a second pass over the body.
//!
//! What is read comes back in a few registers, and what is rare is kept apart: a struct that is
//! returned through memory is read again before the processor has written it, which cost a tenth of
//! all reading.

use std::mem;

use super::decimal::Decimal;
use super::escape::decode;
use super::plain::{plain_end, plain_length};
use super::token::{Key, Name, Text, Token, has_duplicate, unquoted};

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
/// After `begin`, call `next_item` until it says that the array has ended, and read exactly one
/// value after each call; or `next_key`, and pass the key before the value is read.
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

    /// The same as [`Self::next_key`], for the object of which there are many.
    #[expect(clippy::inline_always, reason = "a key then stays in registers")]
    #[inline(always)]
    pub(crate) fn next_key_inlined(&mut self) -> Result<Option<Key>, Stop> {
        let key = match self.rest() {
            rest if self.fresh => Self::short_key(rest, self.at),
            [b',', rest @ ..] => Self::short_key(rest, self.at.wrapping_add(1)),
            _ => None,
        };
        if key.is_none() {
            return self.next_key();
        }
        self.fresh = false;
        Ok(key)
    }

    /// The key that `rest` begins with, at `start` of the text, where it and its colon are as
    /// almost all are: of less than 16 bytes, without escapes, and no white space between.
    #[inline]
    fn short_key(rest: &[u8], start: usize) -> Option<Key> {
        let [b'"', rest @ ..] = rest else { return None };
        let ([low, high], _) = rest.as_chunks::<8>().0.split_first_chunk::<2>()?;
        let (name, length) = Name::packed(u64::from_le_bytes(*low), u64::from_le_bytes(*high))?;
        let [b'"', b':', ..] = rest.get(length..)? else { return None };
        let end = start.wrapping_add(length).wrapping_add(2);
        Some(Key { name, start, end, decoded: None, is_ahead: true })
    }

    /// Finds the next key of the open object: none at its end. The key is passed by
    /// [`Self::takes`] or [`Self::text_of`], one of which must follow.
    #[inline(never)]
    pub(crate) fn next_key(&mut self) -> Result<Option<Key>, Stop> {
        if !self.next(b'}')? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.syntax());
        }
        let start = self.at;
        // As where the document is indented.
        if let Some(key) = Self::short_key(self.rest(), start) {
            return Ok(Some(key));
        }
        let text = self.string()?;
        let (name, end) = (Name::of(text.as_str()), self.at);
        if self.peek() != Some(b':') {
            return Err(self.syntax());
        }
        self.advance();
        Ok(Some(Key { name, start, end, decoded: text.decoded, is_ahead: false }))
    }

    /// Whether a key is this one, whose name as numbers is `name`; then it is passed.
    #[inline]
    pub(crate) fn takes(&mut self, key: &Key, name: Name, characters: &str) -> bool {
        if key.name != name || (name == Name::LONG && self.characters_of(key) != characters) {
            return false;
        }
        if key.is_ahead {
            // By a length that the compiler knows, with two quotes and a colon: so the processor
            // goes on with the value while it still searches for the key's end.
            self.at = key.start.wrapping_add(characters.len()).wrapping_add(3);
        }
        true
    }

    fn characters_of<'k>(&'k self, key: &'k Key) -> &'k str {
        match &key.decoded {
            Some(decoded) => decoded,
            None => unquoted(self.text.get(key.start..key.end).unwrap_or_default()),
        }
    }

    /// The text of a key, which is passed.
    #[inline]
    pub(crate) fn text_of(&mut self, key: Key) -> Result<Text<'a>, Stop> {
        let Key { start, end, decoded, is_ahead, .. } = key;
        if is_ahead {
            self.at = end.wrapping_add(1);
        }
        let token = self.text.get(start..end).ok_or(Stop::Syntax { at: start })?;
        Ok(Text { token: Token(token), decoded })
    }

    /// Reads the string that comes next, if it has no escapes; else moves no further than to where
    /// the next value starts. Small, so that a text goes to its place in the document by registers.
    #[inline]
    pub(crate) fn plain_string(&mut self) -> Option<Text<'a>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let end = plain_end(self.text.as_bytes(), self.at)?;
        let token = Token(self.text.get(self.at..end)?);
        self.at = end;
        Some(Text { token, decoded: None })
    }

    /// Moves to where the next value starts, and tells whether it is a number.
    #[inline]
    pub(crate) fn is_at_number(&mut self) -> bool {
        matches!(self.peek(), Some(b'-' | b'0'..=b'9'))
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
            let decoded = decode(unquoted(token.0)).ok_or(Stop::Syntax { at: start })?;
            Some(Box::new(decoded.into_boxed_str()))
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
                    keys.push(self.text_of(key)?);
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

    #[inline]
    fn next(&mut self, close: u8) -> Result<bool, Stop> {
        let fresh = mem::replace(&mut self.fresh, false);
        match self.peek() {
            Some(b',') if !fresh => {
                self.advance();
                self.peek();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.advance();
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            Some(_) if fresh => Ok(true),
            _ => Err(self.syntax()),
        }
    }

    /// Reads the number that starts here.
    #[inline]
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
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.byte() {
            Some(..=b' ') => self.peek_behind_space(),
            byte => byte,
        }
    }

    /// The same where white space may come first: rare, and so kept out of the many that peek.
    #[inline(never)]
    fn peek_behind_space(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.advance();
        }
        self.byte()
    }

    /// What has not been read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
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

#[cfg(test)]
mod tests;
