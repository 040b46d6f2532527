//! The head of a request: the checks that need no body, and the changes to it once verified.

use std::borrow::Cow;
use std::time::Duration;

use super::outcome::Forward;
use super::phase::Head;
use crate::config::{Config, Mode};
use crate::document::{Event, EventName};
use crate::http::{Header, is_spelling, is_token, value_of, values_of};
use crate::reject::{Reason, Rejection};
use crate::signature::{Pending, SchemeName, Verified};

/// The header that tells the upstream a verdict in shadow mode; senders cannot set it.
pub(super) const VERDICT: &str = "x-junction-verdict";
/// The headers that the filter alone sets on a forwarded request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const EVENT_TYPE: &str = "x-junction-event-type";
const VERIFIED_BY: &str = "x-junction-verified-by";
const CONTENT_LENGTH: &str = "content-length";
/// Those that Rails, Symfony, Express, ASP.NET Core and others obey in the method's place.
const METHOD_OVERRIDES: [&str; 3] =
    ["x-http-method-override", "x-http-method", "x-method-override"];
const JSON: (&str, Cow<'static, str>) = ("content-type", Cow::Borrowed("application/json"));

/// Checks 2 to 6, which need the head alone.
pub(super) fn check_head(
    config: &Config,
    headers: &[Header],
    now: Duration,
) -> Result<Pending, Rejection> {
    if value_of(headers, ":method") != Some(b"POST") {
        return Err(Reason::Method.into());
    }
    if !values_of(headers, "content-encoding").all(is_identity) {
        return Err(Reason::ContentEncoding.into());
    }
    if !values_of(headers, "content-type").all(is_json) {
        return Err(Reason::ContentType.into());
    }
    if values_of(headers, "content-length").any(|length| exceeds(length, config.max_body_bytes)) {
        return Err(Reason::BodySize.into());
    }
    Ok(config.verifier.begin(headers, now)?)
}

/// Whether a `content-encoding` leaves the body as it is (RFC 9110, section 8.4).
fn is_identity(value: &[u8]) -> bool {
    let mut codings = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// Whether a `content-type` is `application/json` or `*/*+json` (RFC 6839, section 3.1).
fn is_json(value: &[u8]) -> bool {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let mut parts = essence.split(|&byte| byte == b'/');
    let (Some(kind), Some(subtype), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let prefix =
        subtype.len().checked_sub(b"+json".len()).and_then(|at| subtype.split_at_checked(at));
    let has_suffix = prefix
        .is_some_and(|(prefix, suffix)| is_token(prefix) && suffix.eq_ignore_ascii_case(b"+json"));
    let is_plain =
        kind.eq_ignore_ascii_case(b"application") && subtype.eq_ignore_ascii_case(b"json");
    is_plain || (is_token(kind) && has_suffix)
}

/// Whether a declared length is above the bound. What is not a number is left to Envoy; the bound
/// is checked again as the body arrives.
fn exceeds(declared: &[u8], max_bytes: usize) -> bool {
    let is_number = !declared.is_empty() && declared.iter().all(u8::is_ascii_digit);
    let declared = str::from_utf8(declared).ok().and_then(|digits| digits.parse::<usize>().ok());
    is_number && declared.is_none_or(|declared| declared > max_bytes)
}

/// The request that goes on in place of a verified and valid one.
pub(super) fn forward(
    event: &Event<'_>,
    verified: &Verified,
    remove: Vec<String>,
    body: Vec<u8>,
) -> Forward {
    let event_type = match &event.event_type {
        EventName::Documented(event_type) => event_type.as_str().into(),
        EventName::Other(name) => name.as_str().to_owned().into(),
    };
    let set = vec![
        JSON,
        (CONTENT_LENGTH, body.len().to_string().into()),
        (IDEMPOTENCY_KEY, verified.event_id.clone().into()),
        (EVENT_TYPE, event_type),
        (VERIFIED_BY, verified.scheme.as_str().into()),
    ];
    Forward { remove, set, body: Some(body) }
}

/// What can be changed of a head that this filter does not hold back: what is known before the
/// body is. Envoy's `buffer` filter, which holds it, adds the `content-length`.
pub(super) fn forward_head(
    config: &Config,
    headers: &[Header],
    pending: &Pending,
    claimed_id: Option<&str>,
) -> Forward {
    let mut remove = withheld(config, headers, pending.scheme());
    if config.mode == Mode::Shadow {
        return Forward { remove, ..Forward::default() };
    }
    remove.extend([CONTENT_LENGTH, IDEMPOTENCY_KEY, EVENT_TYPE].map(str::to_owned));
    let mut set = vec![JSON, (VERIFIED_BY, pending.scheme().as_str().into())];
    set.extend(claimed_id.map(|id| (IDEMPOTENCY_KEY, id.to_owned().into())));
    Forward { remove, set, body: None }
}

/// The headers of a request that end here, which `scheme` is about to decide on.
pub(super) fn withheld(config: &Config, headers: &[Header], scheme: SchemeName) -> Vec<String> {
    let ends_here = |name: &str| {
        config.verifier.withholds(name, scheme)
            || METHOD_OVERRIDES.iter().any(|own| is_spelling(name, own))
            || is_imitation(name)
            // Without a `_` they are set, in place of the sender's.
            || (name.contains('_')
                && [IDEMPOTENCY_KEY, EVENT_TYPE, VERIFIED_BY]
                    .iter()
                    .any(|own| is_spelling(name, own)))
    };
    match config.mode {
        Mode::Enforce => named(headers, ends_here),
        Mode::Shadow => imitations(headers),
    }
}

/// The head of a request that is refused on it, or would be.
pub(super) fn refused_head(config: &Config, headers: &[Header]) -> Head {
    let withheld = match config.mode {
        Mode::Enforce => Vec::new(),
        Mode::Shadow => imitations(headers),
    };
    Head::Held { withheld }
}

/// The headers that a reader could take for the verdict of shadow mode.
fn imitations(headers: &[Header]) -> Vec<String> {
    named(headers, is_imitation)
}

/// Whether a reader could take a header or trailer for the verdict of shadow mode.
pub(super) fn is_imitation(name: &str) -> bool {
    is_spelling(name, VERDICT)
}

fn named(headers: &[Header], is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let names = headers.iter().map(|(name, _)| *name);
    names.filter(|name| is_meant(name)).map(str::to_owned).collect()
}
