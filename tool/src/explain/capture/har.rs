//! A HAR file (HTTP Archive 1.2), as browsers and debugging proxies write it.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Capture, choose, edge, parse};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Field>,
    post_data: Option<PostData>,
    #[serde(default)]
    body_size: Option<i64>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    text: Option<String>,
    /// Not of the specification; of those who keep bytes that are no text.
    encoding: Option<String>,
}

/// Reads one request of a file.
pub(super) fn read(bytes: &[u8], index: Option<usize>) -> Result<Capture, String> {
    let Archive { log } = parse(bytes, "a HAR file")?;
    let (Entry { started_date_time, request }, source) =
        choose(log.entries, index, "the HAR file")?;
    let mut capture = Capture::new(source, &request.method, &request.url);
    // Pseudo-headers of HTTP/2 say again what method and URL say.
    for field in request.headers.iter().filter(|field| !field.name.starts_with(':')) {
        capture.push(&field.name, field.value.as_bytes());
    }
    edge::note_head(&mut capture);
    let data = request.post_data.unwrap_or(PostData { text: None, encoding: None });
    let text = data.text.unwrap_or_default();
    capture.body = if data.encoding.as_deref() == Some("base64") {
        BASE64_STANDARD
            .decode(text.trim())
            .map_err(|_| "the HAR file says that the body is base64, and it is not".to_owned())?
    } else {
        text.into_bytes()
    };
    let declared = request.body_size.and_then(|size| usize::try_from(size).ok());
    let kept = capture.body.len();
    if let Some(declared) = declared.filter(|declared| *declared != kept) {
        capture.notes.push(format!(
            "the HAR file keeps {kept} bytes of a body of {declared}: it keeps text, which need \
             not be the bytes that came; a tap trace keeps these"
        ));
    }
    capture.received_at = started_date_time
        .and_then(|text| text.parse::<Timestamp>().ok())
        .and_then(|time| Duration::try_from(time.as_duration()).ok())
        .map(|time| (time, "the HAR file's startedDateTime"));
    Ok(capture)
}
