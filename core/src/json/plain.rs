//! Finds where the plain text of a string ends, eight bytes at a time.

/// Where the string ends that starts at `start`, behind its last quote; `None` where it has an
/// escape or no end.
#[inline(never)]
pub(super) fn plain_end(text: &[u8], start: usize) -> Option<usize> {
    let inside = start.checked_add(1)?;
    let end = inside.checked_add(plain_length(text.get(inside..)?))?;
    if text.get(end) == Some(&b'"') { end.checked_add(1) } else { None }
}

/// How many bytes come before the first quote, backslash or control character.
pub(super) fn plain_length(text: &[u8]) -> usize {
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
pub(super) const fn special_bytes(word: u64) -> u64 {
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
pub(super) fn first_byte(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() >> 3).unwrap_or_default()
}
