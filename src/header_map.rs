//! A map of headers in the form in which Envoy hands it to a module, read without a copy.
//!
//! Specification: proxy-wasm ABI 0.2.1, "Serialization of maps": the number of pairs, the lengths
//! of each name and value, then the names and values, a NUL behind each; numbers are 32 bits,
//! little endian.

use junction_webhook::http::{Header, header_name};

/// The pairs of a map, or `None` where the bytes are not a map.
pub(crate) fn pairs(map: &[u8]) -> Option<Vec<Header<'_>>> {
    let (count, rest) = number(map)?;
    let lengths_end = count.checked_mul(8)?;
    let (mut lengths, mut texts) = rest.split_at_checked(lengths_end)?;
    let mut pairs = Vec::with_capacity(count);
    while !lengths.is_empty() {
        let (name_length, after) = number(lengths)?;
        let (value_length, after) = number(after)?;
        lengths = after;
        let (name, after) = text(texts, name_length)?;
        let (value, after) = text(after, value_length)?;
        texts = after;
        pairs.push((header_name(name), value));
    }
    Some(pairs)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn text(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(length)?;
    Some((text, rest.strip_prefix(&[0])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &[u8] = b"\x02\0\0\0\
        \x05\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\
        :path\0/\0a\0\0";

    #[test]
    fn reads_names_and_values_in_order() {
        let expected: [Header; 2] = [(":path", b"/"), ("a", b"")];
        assert_eq!(pairs(MAP).unwrap(), expected);
        assert_eq!(pairs(b"\0\0\0\0").unwrap(), []);
    }

    #[test]
    fn a_map_that_is_cut_short_anywhere_is_none() {
        for end in 0..MAP.len() {
            assert_eq!(pairs(&MAP[..end]), None, "{end}");
        }
    }

    #[test]
    fn lengths_beyond_the_bytes_are_none() {
        assert_eq!(pairs(b"\xff\xff\xff\xff"), None);
        assert_eq!(pairs(b"\x01\0\0\0\xff\xff\xff\xff\0\0\0\0a\0\0"), None);
        assert_eq!(pairs(b"\x01\0\0\0\x01\0\0\0\0\0\0\0a-\0"), None, "no NUL behind the name");
    }

    #[test]
    fn a_name_that_is_no_text_is_nobodys() {
        let expected: [Header; 1] = [("", b"")];
        assert_eq!(pairs(b"\x01\0\0\0\x01\0\0\0\0\0\0\0\xff\0\0").unwrap(), expected);
    }
}
