//! Panics where a request asks for it: in the calls that its `x-panic` names, between commas.
//!
//! For the tests of what comes of a panic in a real Envoy, and in no module that is released.

#![expect(clippy::panic, reason = "that is what it is for")]

use crate::abi::Stream;

/// Panics if this request asks for it in this call.
pub(crate) fn where_asked(stream: Stream<'_>, call: &str) {
    let headers = stream.headers().unwrap_or_default();
    let is_asked = headers.iter().any(|(name, value)| {
        *name == b"x-panic" && value.split(|byte| *byte == b',').any(|own| own == call.as_bytes())
    });
    assert!(!is_asked, "a patient's name");
}
