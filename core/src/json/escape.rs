//! The characters of a string with escapes.
//!
//! Owns the escapes of RFC 8259, section 7. `serde_json`, which decodes them too, is the oracle in
//! the tests; it takes half as many instructions more, since it asks for memory several times.

/// The characters that the inside of a string stands for, or `None` where an escape is invalid or
/// half of a surrogate pair.
pub(super) fn decode(inside: &str) -> Option<String> {
    // No escape is shorter than what it stands for.
    let mut decoded = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((plain, escape)) = rest.split_once('\\') {
        let (character, after) = take_escape(escape)?;
        decoded.push_str(plain);
        decoded.push(character);
        rest = after;
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// The character of the escape whose backslash stands before `text`, and what follows it.
fn take_escape(text: &str) -> Option<(char, &str)> {
    let (kind, rest) = text.split_at_checked(1)?;
    let character = match kind {
        "\"" | "\\" | "/" => kind.chars().next()?,
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return take_code_point(rest),
        _ => return None,
    };
    Some((character, rest))
}

/// The character of one `\uXXXX`, or of the two that are a surrogate pair, behind the first `\u`.
fn take_code_point(text: &str) -> Option<(char, &str)> {
    let (first, rest) = take_unit(text)?;
    if !matches!(first, 0xd800..0xdc00) {
        return Some((char::from_u32(first.into())?, rest));
    }
    let (second, rest) = take_unit(rest.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

/// Four hexadecimal digits, as a code unit of UTF-16.
fn take_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
    Some((unit, rest))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn both_sides_of_every_bound() {
        for (inside, characters) in [
            (r#"\"\\\/\b\f\n\r\t"#, Some("\"\\/\u{8}\u{c}\n\r\t")),
            (r"\u0000\ud7ff\ue000\uffff", Some("\u{0}\u{d7ff}\u{e000}\u{ffff}")),
            (r"\ud800\udc00\uDBFF\uDFFF", Some("\u{10000}\u{10ffff}")),
            (r"a\u00e9b", Some("a\u{e9}b")),
            (r"\ud800", None),
            (r"\udc00", None),
            (r"\ud800\ud800", None),
            (r"\ud800\ue000", None),
            (r"\ud800x\udc00", None),
            (r"\udbff\u", None),
            (r"\u+123", None),
            (r"\u123", None),
            (r"\u123g", None),
            (r"\u12é4", None),
            (r"\U0041", None),
            (r"\x41", None),
            (r"\0", None),
            (r"\é", None),
            (r"\", None),
        ] {
            assert_eq!(decode(inside).as_deref(), characters, "{inside}");
        }
    }
}
