//! The signatures that a request claims, read wide, with the texts that they may be of.

use base64::{Engine, prelude::BASE64_STANDARD};
use junction_webhook::signature::{SchemeName, svix};

use super::{Cause, Schemes};
use crate::explain::{capture::Capture, clock::plausible};

/// One header's signatures, and what may have been signed before the body.
pub(crate) struct Claim {
    pub(super) scheme: SchemeName,
    /// What is wrong about the header as such.
    pub(super) causes: Vec<Cause>,
    pub(super) tags: Vec<Tag>,
    pub(super) prefixes: Vec<(Vec<u8>, Option<HeadCause>)>,
}

/// A claimed tag, and what is wrong about how it is written.
pub(super) struct Tag {
    pub(super) bytes: [u8; 32],
    pub(super) cause: Option<TagCause>,
}

/// What is wrong about a signature's header as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClaimCause {
    /// The filter does not read the header.
    Unread(String),
    /// The scheme has no secret.
    SchemeOff(SchemeName),
    /// Both sets of names are present.
    BothSets,
    /// One set has the signature, and the other what it is over.
    MixedSets,
    /// A header is given twice.
    Repeated(String),
    /// Another header decides.
    Overruled(String),
}

/// What was signed in the place of what the filter puts before the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeadCause {
    /// The id was altered, and how.
    Id(&'static str),
    /// The timestamp was altered, and how.
    Timestamp(&'static str),
    /// The body alone.
    BodyAlone,
    /// The timestamp and the body.
    TimestampAndBody,
    /// The id, the timestamp and the body, under the other scheme's header.
    SvixText,
}

/// How a signature is written that the filter does not take in that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagCause {
    Hex,
    UrlAlphabet,
    Unpadded,
    Base64OfHex,
    HexOfBase64,
    /// Rightly encoded, behind another prefix or none.
    Prefix,
}

const SIGNATURES: [&str; 2] = ["svix-signature", "webhook-signature"];
/// The most signatures that are compared, the first ones: more are no sender's, and the filter
/// takes 32.
const MOST_TAGS: usize = 64;

/// Reads every header that may hold a signature.
pub(super) fn read(capture: &Capture, schemes: &Schemes) -> Vec<Claim> {
    let is_svix_claimed = svix::HEADERS.iter().any(|name| capture.value(name).is_some());
    let plain_headers = schemes.plain_headers.as_deref();
    let mut plain = plain_headers.unwrap_or_default().iter();
    let deciding = plain.find(|name| capture.value(name).is_some());
    let mut tags = 0_usize;
    let mut claims = Vec::new();
    for (name, value) in &capture.headers {
        let hyphenated = name.replace('_', "-");
        let is_svix = SIGNATURES.contains(&hyphenated.as_str());
        let is_plain = plain_headers.is_none_or(|names| names.contains(name));
        let is_likely = ["signature", "hmac", "hash"].iter().any(|part| name.contains(part));
        let is_named = is_plain && plain_headers.is_some();
        if !(is_svix || is_named || is_likely) {
            continue;
        }
        let scheme = if is_svix { SchemeName::Svix } else { SchemeName::Hmac };
        let cause = if capture.values(name).nth(1).is_some() {
            Some(ClaimCause::Repeated(name.clone()))
        } else if is_svix {
            svix_cause(capture, name, &hyphenated, schemes)
        } else if !is_plain {
            Some(ClaimCause::Unread(name.clone()))
        } else if !schemes.hmac {
            Some(ClaimCause::SchemeOff(SchemeName::Hmac))
        } else if schemes.svix && is_svix_claimed {
            Some(ClaimCause::Overruled("svix-* or webhook-*".to_owned()))
        } else {
            deciding.filter(|first| *first != name).cloned().map(ClaimCause::Overruled)
        };
        let found = read_tags(value, scheme, MOST_TAGS.saturating_sub(tags));
        tags = tags.saturating_add(found.len());
        if found.is_empty() {
            continue;
        }
        claims.push(Claim {
            scheme,
            causes: cause.map(Cause::Claim).into_iter().collect(),
            tags: found,
            prefixes: prefixes(capture, scheme, &hyphenated, value),
        });
    }
    claims
}

fn svix_cause(
    capture: &Capture,
    name: &str,
    hyphenated: &str,
    schemes: &Schemes,
) -> Option<ClaimCause> {
    if name != hyphenated {
        return Some(ClaimCause::Unread(name.to_owned()));
    }
    if !schemes.svix {
        return Some(ClaimCause::SchemeOff(SchemeName::Svix));
    }
    let [svix_set, standard_set] = sets(capture);
    let (own, other) =
        if name.starts_with("svix") { (svix_set, standard_set) } else { (standard_set, svix_set) };
    let repeated = svix::HEADERS.iter().find(|name| capture.values(name).nth(1).is_some());
    if let Some(name) = repeated {
        Some(ClaimCause::Repeated((*name).to_owned()))
    } else if own.iter().any(Option::is_none) {
        other.iter().any(Option::is_some).then_some(ClaimCause::MixedSets)
    } else {
        other.iter().any(Option::is_some).then_some(ClaimCause::BothSets)
    }
}

/// Both sets of headers: id, timestamp and signature of each.
fn sets(capture: &Capture) -> [[Option<&[u8]>; 3]; 2] {
    let (own, other) = svix::HEADERS.as_slice().split_at(3);
    [own, other].map(|set| {
        let mut values = set.iter().map(|name| capture.value(name));
        [(); 3].map(|()| values.next().flatten())
    })
}

/// What may stand before the body in what was signed; the right one, which has no cause, first.
fn prefixes(
    capture: &Capture,
    scheme: SchemeName,
    name: &str,
    value: &[u8],
) -> Vec<(Vec<u8>, Option<HeadCause>)> {
    let [svix_set, standard_set] = sets(capture);
    let [own, other] = if name.starts_with("webhook") {
        [standard_set, svix_set]
    } else {
        [svix_set, standard_set]
    };
    let spelled = |part: &str| {
        let is_part = |name: &str| {
            let name = name.replace('_', "-");
            name == format!("svix-{part}") || name == format!("webhook-{part}")
        };
        let header = capture.headers.iter().find(|(name, _)| is_part(name));
        header.map(|(_, value)| value.as_slice())
    };
    let ([own_id, own_time, _], [other_id, other_time, _]) = (own, other);
    let id = own_id.or(other_id).or_else(|| spelled("id"));
    let header_time = own_time.or(other_time).or_else(|| spelled("timestamp"));
    let within = value.strip_prefix(b"t=").and_then(|rest| rest.split(|byte| *byte == b',').next());
    let time = within.or(header_time).or_else(|| other_time_header(capture));

    let mut prefixes = Vec::new();
    let svix_text = |id: &[u8], time: &[u8]| [id, b".", time, b"."].concat();
    let timed = |time: &[u8]| [time, b"."].concat();
    match (scheme, id, time) {
        (SchemeName::Svix, Some(id), Some(time)) => {
            prefixes.push((svix_text(id, time), None));
            for (how, id) in ids(id) {
                prefixes.push((svix_text(&id, time), Some(HeadCause::Id(how))));
            }
            for (how, time) in times(time) {
                prefixes.push((svix_text(id, &time), Some(HeadCause::Timestamp(how))));
            }
            prefixes.push((timed(time), Some(HeadCause::TimestampAndBody)));
        }
        (SchemeName::Hmac, id, Some(time)) => {
            let is_signed = within.is_some();
            let cause = (!is_signed).then_some(HeadCause::TimestampAndBody);
            prefixes.push((timed(time), cause));
            for (how, time) in times(time).into_iter().filter(|_| is_signed) {
                prefixes.push((timed(&time), Some(HeadCause::Timestamp(how))));
            }
            prefixes.extend(id.map(|id| (svix_text(id, time), Some(HeadCause::SvixText))));
        }
        (SchemeName::Svix, _, time) => {
            prefixes.extend(time.map(|time| (timed(time), Some(HeadCause::TimestampAndBody))));
        }
        (SchemeName::Hmac, _, None) => {}
    }
    let is_bare = scheme == SchemeName::Hmac && within.is_none();
    prefixes.push((Vec::new(), (!is_bare).then_some(HeadCause::BodyAlone)));
    prefixes.sort_by_key(|(_, cause)| cause.is_some());
    prefixes
}

/// The time in a header of its own, as many senders of plain signatures give it.
fn other_time_header(capture: &Capture) -> Option<&[u8]> {
    let header = capture.headers.iter().find(|(name, value)| {
        name.contains("timestamp") && !value.is_empty() && value.iter().all(u8::is_ascii_digit)
    });
    header.map(|(_, value)| value.as_slice())
}

fn ids(id: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut ids = vec![
        ("without the white space around it", id.trim_ascii().to_vec()),
        ("in lower case", id.to_ascii_lowercase()),
        ("in upper case", id.to_ascii_uppercase()),
        ("percent-decoded", percent_encoding::percent_decode(id).collect()),
        ("without its prefix msg_", id.strip_prefix(b"msg_").unwrap_or(id).to_vec()),
        ("with the prefix msg_", [b"msg_", id].concat()),
    ];
    ids.extend(in_white_space(id));
    ids.retain(|(_, altered)| altered != id);
    ids
}

/// What white space around a header's value HTTP takes away, and a signer has not.
fn in_white_space(value: &[u8]) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    [(b"".as_slice(), b"\n".as_slice()), (b"", b"\r\n"), (b"", b" "), (b" ", b"")]
        .map(|(start, end)| ("with white space around it", [start, value, end].concat()))
        .into_iter()
}

fn times(time: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let digits = time.split(|byte| !byte.is_ascii_digit()).next().unwrap_or_default();
    let text = |number: u128| number.to_string().into_bytes();
    let mut times = vec![
        ("without what follows its whole seconds", digits.to_vec()),
        ("without the white space around it", time.trim_ascii().to_vec()),
        ("with a fraction, as a floating-point number", [time, b".0"].concat()),
    ];
    if let Some(moment) = plausible(digits) {
        times.push(("in seconds", text(moment.as_secs().into())));
        times.push(("in milliseconds", text(moment.as_millis())));
        times.push(("in nanoseconds", text(moment.as_nanos())));
    }
    times.extend(in_white_space(time));
    times.retain(|(_, altered)| altered != time && !altered.is_empty());
    times
}

/// Reads whatever in a header's value may be a tag of 32 bytes, the first `most` of it.
fn read_tags(value: &[u8], scheme: SchemeName, most: usize) -> Vec<Tag> {
    let is_timed = value.starts_with(b"t=");
    let mut tags: Vec<Tag> = Vec::new();
    let mut add = |tag: Option<Tag>| {
        let is_more = tags.len() < most;
        let new = tag.filter(|tag| is_more && tags.iter().all(|known| known.bytes != tag.bytes));
        tags.extend(new);
    };
    for entry in value.split(|byte| b" ;".contains(byte)).filter(|entry| !entry.is_empty()) {
        let (prefix, encoded) = split_prefix(entry);
        let is_due = match scheme {
            SchemeName::Svix => prefix == b"v1,",
            SchemeName::Hmac => !is_timed && [b"".as_slice(), b"sha256=", b"v1="].contains(&prefix),
        };
        add(read_tag(encoded, scheme, is_due));
        // In a list with commas each part is an entry of its own.
        for part in entry.split(|byte| *byte == b',') {
            let (prefix, encoded) = split_prefix(part);
            let is_due = is_timed && scheme == SchemeName::Hmac && prefix == b"v1=";
            add(read_tag(encoded, scheme, is_due));
        }
    }
    tags
}

/// Splits what is before a signature from it: a scheme's name with `=`, `,` or `:`.
fn split_prefix(entry: &[u8]) -> (&[u8], &[u8]) {
    let is_short = |at: &usize| *at < 16;
    let sign = entry.iter().position(|byte| b"=,:".contains(byte)).filter(is_short);
    let end = sign.map_or(0, |at| at.saturating_add(1));
    entry.split_at_checked(end).unwrap_or((b"", entry))
}

fn read_tag(encoded: &[u8], scheme: SchemeName, is_due: bool) -> Option<Tag> {
    let encoded = encoded.trim_ascii();
    let encoded = encoded.strip_prefix(b"\"").unwrap_or(encoded);
    let encoded = encoded.strip_suffix(b"\"").unwrap_or(encoded);
    let (bytes, cause) = if let Some(bytes) = from_hex(encoded) {
        (bytes, (scheme == SchemeName::Svix).then_some(TagCause::Hex))
    } else if let Some(bytes) = from_base64(encoded) {
        (bytes, None)
    } else if let Some(bytes) = from_base64(&padded(encoded)) {
        (bytes, Some(TagCause::Unpadded))
    } else if let Some(bytes) = from_base64(&padded(&standard_alphabet(encoded))) {
        (bytes, Some(TagCause::UrlAlphabet))
    } else if let Some(bytes) = BASE64_STANDARD.decode(encoded).ok().and_then(|hex| from_hex(&hex))
    {
        (bytes, Some(TagCause::Base64OfHex))
    } else {
        let inner = base16ct::mixed::decode_vec(encoded).ok()?;
        (from_base64(&inner)?, Some(TagCause::HexOfBase64))
    };
    Some(Tag { bytes, cause: cause.or((!is_due).then_some(TagCause::Prefix)) })
}

fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    base16ct::mixed::decode_vec(text).ok()?.try_into().ok()
}

fn from_base64(text: &[u8]) -> Option<[u8; 32]> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}

fn padded(text: &[u8]) -> Vec<u8> {
    let bare = text.split(|byte| *byte == b'=').next().unwrap_or_default();
    let mut padded = bare.to_vec();
    padded.resize(bare.len().next_multiple_of(4), b'=');
    padded
}

fn standard_alphabet(text: &[u8]) -> Vec<u8> {
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    text.iter().map(standard).collect()
}
