//! What Envoy's properties say of the answer to a request.

/// The status, a 64-bit integer; none where there is none.
pub(crate) fn status(property: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(property.try_into().ok()?))
}

/// Whether Envoy has refused a request whose body is above its bound on what it holds back, from
/// the details of the response code.
pub(crate) fn is_too_long(details: &[u8]) -> bool {
    details == b"request_payload_too_large"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_an_integer_of_eight_bytes() {
        assert_eq!(status(&503_u64.to_le_bytes()), Some(503));
        for property in [&b""[..], b"200", b"\xc8\0\0\0", b"\xc8\0\0\0\0\0\0\0\0"] {
            assert_eq!(status(property), None, "{property:?}");
        }
    }

    #[test]
    fn only_envoys_own_refusal_for_want_of_room_is_one() {
        for (details, is_refusal) in [
            ("request_payload_too_large", true),
            ("request_payload_too_larg", false),
            ("response_payload_too_large", false),
            ("via_upstream", false),
            ("", false),
        ] {
            assert_eq!(is_too_long(details.as_bytes()), is_refusal, "{details}");
        }
    }
}
