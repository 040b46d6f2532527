//! What `upstream-mock` remembers of the requests that it saw: `GET /requests`.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{Capture, choose, one_or_many, place_of};

#[derive(Deserialize)]
struct Seen {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_base64: Option<String>,
    complete: bool,
}

/// Reads one entry of the list, or one alone.
pub(super) fn read(bytes: &[u8], index: Option<usize>) -> Result<Capture, String> {
    let entries = one_or_many(bytes, "the stub's list of requests")?;
    let (entry, source) = choose(entries, index, "the stub's list")?;
    let seen: Seen = serde_json::from_str(entry.get())
        .map_err(|error| format!("not a request of the stub's list: {}", place_of(&error)))?;
    let mut capture = Capture::new(source, &seen.method, &seen.path);
    for (name, value) in &seen.headers {
        capture.push(name, value.as_bytes());
    }
    if capture.value("x-junction-verified-by").is_some() {
        return Err("this request of the stub's list is an event that the filter forwarded, not \
                    what came to the filter: that was accepted"
            .to_owned());
    }
    capture.body = match (seen.body, seen.body_base64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(encoded)) => BASE64_STANDARD
            .decode(encoded)
            .map_err(|_| "the stub's body_base64 is not base64".to_owned())?,
        (None, None) => Vec::new(),
    };
    if !seen.complete {
        let found = capture.body.len();
        capture.missing = Some(format!("the stub saw {found} bytes of the body, and not its end"));
    }
    Ok(capture)
}
