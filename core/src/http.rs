//! The headers of a request, as a host hands them in, and the words of HTTP about them.

/// A header: its name in lower case, and its value. Pseudo-headers are among them.
pub type Header<'a> = (&'a str, &'a [u8]);

/// A header's name as a host gives it. One that is no text is empty: nothing here has it.
#[must_use]
pub fn header_name(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// The first value of a header.
#[must_use]
pub fn value_of<'a>(headers: &[Header<'a>], name: &str) -> Option<&'a [u8]> {
    values_of(headers, name).next()
}

/// Every value of a header, in order.
pub fn values_of<'a>(headers: &[Header<'a>], name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |(own, _)| *own == name).map(|(_, value)| *value)
}

/// Whether a header is given more than once.
#[must_use]
pub fn is_repeated(headers: &[Header], name: &str) -> bool {
    values_of(headers, name).nth(1).is_some()
}

/// Whether a text is a token (RFC 9110, section 5.6.2), as header names and media types are.
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    let is_token_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_token_byte)
}

/// Whether a header's name, in lower case, is `own` to the many upstreams that take `_` for `-`, as
/// CGI does (RFC 3875, section 4.1.18).
#[must_use]
pub fn is_spelling(name: &str, own: &str) -> bool {
    let hyphenated = |byte| if byte == b'_' { b'-' } else { byte };
    name.len() == own.len() && name.bytes().map(hyphenated).eq(own.bytes().map(hyphenated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_text_is_nobodys() {
        assert_eq!(header_name(b"svix-id"), "svix-id");
        assert_eq!(header_name(b"svix-id\xff"), "");
        assert_eq!(header_name(b""), "");
    }

    #[test]
    fn a_name_is_spelled_with_either_sign_and_in_no_other_way() {
        for (name, is_own) in [
            ("svix-id", true),
            ("svix_id", true),
            ("svix-i", false),
            ("svix-id-", false),
            ("svix.id", false),
            ("svixxid", false),
            ("", false),
        ] {
            assert_eq!(is_spelling(name, "svix-id"), is_own, "{name}");
            assert_eq!(is_spelling(name, "svix_id"), is_own, "{name}, own with _");
        }
    }
}
