//! A request as HTTP/1 sends it (RFC 9112), kept in a file.
//!
//! Lines of the head may end in a line feed alone, as editors leave them.

use httparse::{EMPTY_HEADER, Status, parse_chunk_size};

use super::{
    Capture,
    edge::{self, Version},
};
use crate::explain::text::{count, shown};

/// The most headers of a head; Envoy takes 100.
const MAX_HEADERS: usize = 256;

const SOURCE: &str = "raw HTTP request";

/// Reads one request.
pub(super) fn read(bytes: &[u8]) -> Result<Capture, String> {
    let bytes = super::without_mark(bytes).trim_ascii_start();
    let (bytes, is_later) = with_known_version(bytes);
    let mut headers = vec![EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let head_bytes = match parsed.parse(&bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => {
            return Err(
                "the capture's head does not end: an empty line must follow its headers".to_owned()
            );
        }
        Err(error) => return Err(format!("the capture is no HTTP/1 request: {error}")),
    };
    let (method, target) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    let mut capture = Capture::new(SOURCE, method, target);
    for header in parsed.headers.iter() {
        capture.push(header.name, header.value);
    }
    let version = match parsed.version {
        _ if is_later => Version::Later,
        Some(0) => Version::Ten,
        _ => Version::Eleven,
    };
    edge::note_request(&mut capture, version);
    read_body(&mut capture, version, bytes.get(head_bytes..).unwrap_or_default())?;
    drop_hop_by_hop(&mut capture);
    Ok(capture)
}

/// Takes away what `connection` names, as Envoy does before its filters (RFC 9110, section 7.6.1).
fn drop_hop_by_hop(capture: &mut Capture) {
    let named: Vec<String> = capture
        .values("connection")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        // These say how to read what follows, and no check looks at them.
        .filter(|name| !["close", "keep-alive", "te", "upgrade"].contains(&name.as_str()))
        .collect();
    let (dropped, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut capture.headers)
        .into_iter()
        .partition(|(name, _)| named.contains(name));
    capture.headers = kept;
    for (name, _) in dropped {
        capture.notes.push(format!(
            "the header connection names {}, so Envoy takes that one away before the filter",
            shown(name.as_bytes())
        ));
    }
}

/// The request with a version that the parser takes: `HTTP/2` stands where a tool writes a request
/// of another version in the form of HTTP/1; and whether it does.
fn with_known_version(bytes: &[u8]) -> (Vec<u8>, bool) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
    let line = line.trim_ascii_end();
    let known = [b" HTTP/2.0".as_slice(), b" HTTP/2", b" HTTP/3.0", b" HTTP/3"];
    match known.iter().find_map(|version| line.strip_suffix(*version)) {
        Some(start) => ([start, b" HTTP/1.1", rest].concat(), true),
        None => (bytes.to_vec(), false),
    }
}

fn read_body(capture: &mut Capture, version: Version, rest: &[u8]) -> Result<(), String> {
    refuse_unsound_lengths(capture)?;
    if let Some(coding) = capture.value("transfer-encoding") {
        if !coding.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(
                "transfer-encoding is not chunked alone: Envoy itself refuses that, before \
                        the filter"
                    .to_owned(),
            );
        }
        return read_chunks(capture, rest);
    }
    let declared = capture.value("content-length").and_then(|value| {
        let digits = str::from_utf8(value).ok()?.trim();
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<usize>().ok())?
    });
    let Some(declared) = declared else {
        capture.body = rest.to_vec();
        edge::note_endless(capture, version);
        return Ok(());
    };
    if let Some((body, more)) = rest.split_at_checked(declared) {
        capture.body = body.to_vec();
        note_more(capture, more.len());
    } else {
        capture.body = rest.to_vec();
        let found = rest.len();
        capture.missing = Some(format!(
            "content-length says {declared} bytes, and the capture has {found} of them"
        ));
    }
    Ok(())
}

/// Where the head tells the body's length in two ways, or in no number, parsers disagree where it
/// ends, and Envoy refuses it before any filter (RFC 9112, section 6.3).
fn refuse_unsound_lengths(capture: &Capture) -> Result<(), String> {
    let lengths = capture.values("content-length").count();
    let codings = capture.values("transfer-encoding").count();
    if lengths.saturating_add(codings) > 1 {
        return Err("the head has more than one of content-length and transfer-encoding: Envoy \
                    itself refuses that, before the filter"
            .to_owned());
    }
    let is_number = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    if capture.value("content-length").is_some_and(|value| !is_number(value)) {
        return Err(
            "content-length is no number: Envoy itself refuses that, before the filter".to_owned()
        );
    }
    Ok(())
}

/// Reads a body in chunks (RFC 9112, section 7.1); its trailers are not signed, and not read.
fn read_chunks(capture: &mut Capture, mut rest: &[u8]) -> Result<(), String> {
    loop {
        let (line, size) = match parse_chunk_size(rest) {
            Ok(Status::Complete(read)) => read,
            Ok(Status::Partial) => break,
            Err(_) => {
                let at = capture.body.len();
                return Err(format!(
                    "the body is said to come in chunks, and after {at} bytes of it there is no \
                     chunk; where the capture has the body already put together, take the header \
                     transfer-encoding away"
                ));
            }
        };
        let after_line = rest.get(line..).unwrap_or_default();
        if size == 0 {
            return Ok(());
        }
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let Some((chunk, more)) = after_line.split_at_checked(length) else {
            capture.body.extend_from_slice(after_line);
            break;
        };
        capture.body.extend_from_slice(chunk);
        let behind = more.strip_prefix(b"\r\n").or_else(|| more.strip_prefix(b"\n"));
        let Some(behind) = behind else {
            if more.is_empty() || more == b"\r" {
                break;
            }
            let at = capture.body.len();
            return Err(format!(
                "the body comes in chunks, and the one that ends after {at} bytes of it has no \
                 line end: Envoy itself refuses that, before the filter"
            ));
        };
        rest = behind;
    }
    capture.missing = Some("the body comes in chunks, and the capture lacks the last".to_owned());
    Ok(())
}

fn note_more(capture: &mut Capture, bytes: usize) {
    if bytes > 0 {
        capture.notes.push(format!(
            "the capture has {} more than content-length says; left out here, as Envoy takes that \
             for another request",
            count(bytes, "byte")
        ));
    }
}
