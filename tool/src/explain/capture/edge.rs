//! What Envoy itself refuses of a request before any filter sees it.
//!
//! Whether it does is for its settings to say, which a capture has not: so these are notes. What
//! every Envoy refuses is an error of the reader's instead.

use super::Capture;
use crate::explain::text::shown;

/// The version of HTTP that a request came by, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.0.
    Ten,
    /// HTTP/1.1.
    Eleven,
    /// HTTP/2 or later, whose bodies need no length.
    Later,
}

/// Notes what may be refused of any head: underscores in names, and a fragment in the path.
pub(crate) fn note_head(capture: &mut Capture) {
    let mut notes = Vec::new();
    let names = capture.headers.iter().map(|(name, _)| name);
    let names: Vec<_> =
        names.filter(|name| name.contains('_')).map(|name| shown(name.as_bytes())).collect();
    if !names.is_empty() {
        let have = if names.len() == 1 { "has" } else { "have" };
        notes.push(format!(
            "Envoy itself refuses this before the filter where headers_with_underscores_action is \
             REJECT_REQUEST, as in envoy.yaml, and takes such headers away where it is DROP_HEADER: \
             {} {have} an underscore",
            names.join(", ")
        ));
    }
    if capture.value(":path").is_some_and(|path| path.contains(&b'#')) {
        notes.push(
            "Envoy itself refuses this before the filter, unless \
             envoy.reloadable_features.http_reject_path_with_fragment is false: the path has a #"
                .to_owned(),
        );
    }
    capture.notes.append(&mut notes);
}

/// Notes what may be refused of a request in the form of HTTP/1.
pub(super) fn note_request(capture: &mut Capture, version: Version) {
    if version == Version::Ten {
        capture.notes.push(
            "Envoy itself refuses this before the filter where accept_http_10 is not true, as in \
             envoy.yaml: the request is HTTP/1.0"
                .to_owned(),
        );
    }
    if capture.value(":authority").is_none_or(<[u8]>::is_empty) {
        capture.notes.push(
            "Envoy itself refuses this before the filter, unless it is HTTP/1.0 and \
             default_host_for_http_10 is set: the request has no host"
                .to_owned(),
        );
    }
    note_head(capture);
}

/// Notes a body of which HTTP/1 cannot tell the end, and which is therefore not the request's body
/// there (RFC 9112, section 6.3).
pub(super) fn note_endless(capture: &mut Capture, version: Version) {
    if version != Version::Later && !capture.body.is_empty() {
        capture.notes.push(
            "the head has neither content-length nor transfer-encoding: over HTTP/1 Envoy sees an \
             empty body, and takes what follows for another request; here it is taken for the body, \
             as HTTP/2 would bring it"
                .to_owned(),
        );
    }
}
