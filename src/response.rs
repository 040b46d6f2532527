//! What Envoy's properties say of the answer to a request.

/// The status of an answer that is the upstream's own and whole, from what Envoy knows of it at its
/// end: the status as a 64-bit integer, and the details of the response code.
///
/// Envoy's own answers have other details, and so does one that broke off.
pub(crate) fn upstream_status(status: &[u8], details: &[u8]) -> Option<u16> {
    let status = i64::from_le_bytes(status.try_into().ok()?);
    if details == b"via_upstream" { u16::try_from(status).ok() } else { None }
}

/// Whether Envoy has refused a request whose body is above its bound on what it holds back, from the
/// details of the response code.
pub(crate) fn is_too_long(details: &[u8]) -> bool {
    details == b"request_payload_too_large"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_upstreams_own_whole_answer_has_a_status() {
        for (status, details, found) in [
            (200, "via_upstream", Some(200)),
            (202, "via_upstream", Some(202)),
            (503, "via_upstream", Some(503)),
            (200, "direct_response", None),
            (200, "upstream_reset_after_response_started{connection_termination}", None),
            (200, "", None),
            (0, "via_upstream", Some(0)),
            (-1, "via_upstream", None),
        ] {
            let status = i64::to_le_bytes(status);
            assert_eq!(upstream_status(&status, details.as_bytes()), found, "{details}");
        }
        for status in [&b""[..], b"200", b"\xc8\0\0\0"] {
            assert_eq!(upstream_status(status, b"via_upstream"), None, "{status:?}");
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
