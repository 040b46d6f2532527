//! A trace of Envoy's tap filter (`envoy.data.tap.v3.TraceWrapper`) in Envoy's JSON.
//!
//! A buffered trace is one document for each request; a streamed one is a document for each part.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Capture, choose, one_or_many, place_of};

#[derive(Deserialize)]
struct Wrapper {
    http_buffered_trace: Option<Buffered>,
    http_streamed_trace_segment: Option<Segment>,
}

#[derive(Deserialize)]
struct Buffered {
    request: Message,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    headers: Vec<Field>,
    body: Option<Body>,
    headers_received_time: Option<String>,
}

#[derive(Deserialize)]
struct Segment {
    /// A number, which protobuf's JSON writes as text.
    #[serde(default)]
    trace_id: Option<serde_json::Value>,
    request_headers: Option<Headers>,
    request_body_chunk: Option<Body>,
}

#[derive(Deserialize)]
struct Headers {
    #[serde(default)]
    headers: Vec<Field>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Field {
    key: String,
    value: String,
    /// Base64 of a value that is no text; empty of one that is.
    raw_value: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    as_bytes: Option<String>,
    as_string: Option<String>,
    truncated: bool,
}

/// Reads one request of the traces.
pub(super) fn read(bytes: &[u8], index: Option<usize>) -> Result<Capture, String> {
    let mut requests: Vec<(Option<serde_json::Value>, Message, Vec<Body>)> = Vec::new();
    for document in one_or_many(bytes, "a tap trace")? {
        let wrapper: Wrapper = serde_json::from_str(document.get())
            .map_err(|error| format!("not a tap trace: {}", place_of(&error)))?;
        if let Some(mut trace) = wrapper.http_buffered_trace {
            let body = trace.request.body.take();
            requests.push((None, trace.request, body.into_iter().collect()));
        } else if let Some(segment) = wrapper.http_streamed_trace_segment {
            let place =
                requests.iter().position(|(id, _, _)| id.is_some() && *id == segment.trace_id);
            let request = match place.and_then(|place| requests.get_mut(place)) {
                Some(request) => request,
                None => requests.push_mut((
                    segment.trace_id.or(Some(serde_json::Value::Null)),
                    Message::default(),
                    Vec::new(),
                )),
            };
            if let Some(Headers { headers }) = segment.request_headers {
                request.1.headers = headers;
            }
            request.2.extend(segment.request_body_chunk);
        }
    }
    let ((_, message, body), source) = choose(requests, index, "the tap trace")?;
    into_capture(source, message, body)
}

fn into_capture(source: String, message: Message, chunks: Vec<Body>) -> Result<Capture, String> {
    let mut capture = Capture { source, ..Capture::default() };
    for field in &message.headers {
        let raw = decode(&field.raw_value)?;
        let value = if raw.is_empty() { field.value.as_bytes() } else { &raw };
        capture.push(&field.key, value);
    }
    if capture.value(":method").is_none() {
        return Err("the tap trace has no request headers".to_owned());
    }
    if chunks.iter().any(|chunk| chunk.as_bytes.is_none() && chunk.as_string.is_some()) {
        // Envoy writes into it what it likes in the place of a byte that is no UTF-8.
        capture.notes.push(
            "the tap trace keeps the body as text, which need not be the bytes that came: \
             JSON_BODY_AS_BYTES keeps these"
                .to_owned(),
        );
    }
    for chunk in chunks {
        match (chunk.as_bytes, chunk.as_string) {
            (Some(encoded), _) => capture.body.extend(decode(&encoded)?),
            (None, Some(text)) => capture.body.extend(text.into_bytes()),
            (None, None) => {}
        }
        if chunk.truncated {
            let found = capture.body.len();
            capture.missing = Some(format!(
                "the tap filter cut the body after {found} bytes: raise max_buffered_rx_bytes of \
                 its output_config, which is 1024 unless it is set"
            ));
        }
    }
    if capture.value("x-junction-verified-by").is_some() {
        return Err("the tap trace has the head as the filter changed it, so this request was \
                    accepted: Envoy writes a buffered trace at the request's end, and one with \
                    streaming: true as the request comes"
            .to_owned());
    }
    if capture.missing.is_none() {
        capture.missing = unread(&capture);
    }
    capture.received_at = message
        .headers_received_time
        .and_then(|text| text.parse::<Timestamp>().ok())
        .and_then(|time| Duration::try_from(time.as_duration()).ok())
        .map(|time| (time, "the tap trace's headers_received_time"));
    Ok(capture)
}

/// What Envoy did not read of a body: the filter answers what the head alone decides at once.
fn unread(capture: &Capture) -> Option<String> {
    let found = capture.body.len();
    let why = "where the filter refuses by the head alone, Envoy reads no further; in shadow mode \
               it does";
    let declared = capture.value("content-length").and_then(|value| {
        let declared: usize = str::from_utf8(value).ok()?.parse().ok()?;
        (declared > found).then_some(declared)
    });
    if let Some(declared) = declared {
        return Some(format!("the tap trace has {found} of the body's {declared} bytes: {why}"));
    }
    let is_chunked = capture.value("transfer-encoding").is_some();
    (is_chunked && found == 0).then(|| format!("the tap trace has nothing of the body: {why}"))
}

fn decode(encoded: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(encoded).map_err(|_| "the tap trace's bytes are not base64".to_owned())
}
