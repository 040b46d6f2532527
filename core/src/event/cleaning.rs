//! The cleaning of texts: white space, and the slug of a name.
//!
//! Looks at every name and unit, so almost all, which need no cleaning, must cost little.
//! Specification: `docs/contract.md`, section 5, "Names" and "Units".

use std::borrow::Cow;

/// Trims a text; almost all need none, which their ends tell.
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Trims a text and folds each run of white space inside it to one space.
pub(super) fn fold_white_space(text: &str) -> Cow<'_, str> {
    if is_folded_ascii(text) {
        return Cow::Borrowed(text);
    }
    let mut is_folded = true;
    let mut after_space = true;
    for character in text.chars() {
        let is_space = character.is_whitespace();
        is_folded &= !is_space || (character == ' ' && !after_space);
        after_space = is_space;
    }
    if is_folded && !after_space {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    Cow::Owned(folded)
}

/// Whether a text is printable ASCII with single spaces inside it alone, as almost all names are.
/// Looks at eight bytes at a time, since it looks at every name.
fn is_folded_ascii(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk::<8>() else {
        let mut after_space = true;
        for &byte in bytes {
            if !matches!(byte, b' '..=b'~') || (byte == b' ' && after_space) {
                return false;
            }
            after_space = byte == b' ';
        }
        return !after_space;
    };
    // The high bit of the first byte where a space comes before it, as the text's start counts too.
    let mut after_space = 0x80;
    for word in bytes.as_chunks::<8>().0 {
        match spaces(*word) {
            Some(spaces) if spaces & ((spaces << 8) | after_space) == 0 => {
                after_space = spaces >> 56;
            }
            _ => return false,
        }
    }
    // What is left over, behind some that has been looked at.
    spaces(*last).is_some_and(|spaces| spaces & (spaces << 8) == 0 && spaces >> 56 == 0)
}

/// The high bit of each byte that is a space; none where one is not printable ASCII.
fn spaces(bytes: [u8; 8]) -> Option<u64> {
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    const ONES: u64 = u64::from_ne_bytes([1; 8]);

    let word = u64::from_le_bytes(bytes);
    // A control character, DEL, or what is not ASCII.
    if (word.wrapping_sub(SPACES) | word.wrapping_add(ONES) | word) & HIGH_BITS != 0 {
        return None;
    }
    // Each byte is below 0x80, so none borrows: its high bit is left where it is a space.
    Some(HIGH_BITS.wrapping_sub(word ^ SPACES) & HIGH_BITS)
}

/// The slug of a name: ASCII letters and digits in lower case, each run of others a `-`.
pub(super) fn slug_of(name: &str) -> Option<String> {
    let mut slug = String::with_capacity(name.len());
    for word in name.split(|character: char| !character.is_ascii_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug.make_ascii_lowercase();
    (!slug.is_empty()).then_some(slug)
}

#[cfg(test)]
mod tests;
