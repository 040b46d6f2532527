//! Captured requests: what came, in whichever form it was kept.
//!
//! Owns what a capture is and how its form is told. Never guesses a byte: where a part of the body
//! is missing, [`Capture::missing`] says so.

pub(super) mod edge;
mod har;
mod http1;
mod stub;
mod tap;

use std::{collections::BTreeMap, time::Duration};

use clap::ValueEnum;
use junction_webhook::http::Header;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// How a captured request is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The request as HTTP/1 sends it: head, empty line, body
    Http,
    /// A HAR file, as browsers and proxies write it
    Har,
    /// A trace of Envoy's tap filter, as JSON
    Tap,
    /// What upstream-mock answers to GET /requests, or one entry of it
    Stub,
}

/// A request as it came to the filter.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    /// What it was read from.
    pub(crate) source: String,
    /// Names in lower case, pseudo-headers first.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// As much of the body as was captured.
    pub(crate) body: Vec<u8>,
    /// What is missing of the body, if anything is.
    pub(crate) missing: Option<String>,
    /// When the request came, since the Unix epoch, and what says so.
    pub(crate) received_at: Option<(Duration, &'static str)>,
    /// What the reader of the explanation should know.
    pub(crate) notes: Vec<String>,
}

impl Capture {
    /// Starts with a head, whose target may be a whole URL.
    pub(crate) fn new(source: impl Into<String>, method: &str, target: &str) -> Self {
        let (authority, path) = split_target(target);
        let mut headers = vec![(":method".to_owned(), method.as_bytes().to_vec())];
        headers.push((":path".to_owned(), path.as_bytes().to_vec()));
        headers.extend(authority.map(|name| (":authority".to_owned(), name.as_bytes().to_vec())));
        Self { source: source.into(), headers, ..Self::default() }
    }

    /// Adds a header. `host` is what HTTP/2 and Envoy call `:authority`; of several `content-type`
    /// Envoy makes one, with a comma between those that are not empty.
    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        let name = name.trim().to_ascii_lowercase();
        let name = if name == "host" { ":authority".to_owned() } else { name };
        if name == "content-type"
            && let Some((_, first)) = self.headers.iter_mut().find(|(own, _)| *own == name)
        {
            if !first.is_empty() && !value.is_empty() {
                first.push(b',');
            }
            first.extend_from_slice(value);
            return;
        }
        let is_named_already = name == ":authority" && self.value(&name).is_some();
        if !is_named_already {
            self.headers.push((name, value.to_vec()));
        }
    }

    /// The head as the core takes it.
    pub(crate) fn head(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
    }

    /// The first value of a header.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// Every value of a header, in order.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let values = self.headers.iter().filter(move |(own, _)| own == name);
        values.map(|(_, value)| value.as_slice())
    }
}

/// The authority, where the target is a whole URL, and the path with its query.
fn split_target(target: &str) -> (Option<&str>, &str) {
    let scheme = target.split_once("://").filter(|(scheme, _)| {
        // Case is nothing in a scheme (RFC 3986, section 3.1), and to Envoy neither.
        ["http", "https"].iter().any(|own| scheme.eq_ignore_ascii_case(own))
    });
    let Some((_, rest)) = scheme else { return (None, target) };
    match rest.find(['/', '?']).and_then(|at| rest.split_at_checked(at)) {
        Some((authority, path)) => (Some(authority), path),
        None => (Some(rest), "/"),
    }
}

/// Reads a capture, in the form that it has or is said to have; of several requests the one at
/// `index`, counted from 0, or else the last.
pub(crate) fn read(
    bytes: &[u8],
    format: Option<Format>,
    index: Option<usize>,
) -> Result<Capture, String> {
    let format = format.map_or_else(|| detect(bytes), Ok)?;
    match format {
        Format::Http if index.is_some_and(|index| index > 0) => {
            Err("a raw HTTP request is one alone: --index has no other to choose".to_owned())
        }
        Format::Http => http1::read(bytes),
        Format::Har => har::read(bytes, index),
        Format::Tap => tap::read(bytes, index),
        Format::Stub => stub::read(bytes, index),
    }
}

fn detect(bytes: &[u8]) -> Result<Format, String> {
    let text = without_mark(bytes).trim_ascii_start();
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return Ok(Format::Http);
    }
    // The first of several documents is enough: a streamed trace is one after the other.
    let first = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>().next();
    let first = match first {
        Some(Ok(document)) => document.get(),
        Some(Err(error)) => return Err(format!("the capture: {}", place_of(&error))),
        None => "",
    };
    let is_list = first.starts_with('[');
    let items: Vec<&RawValue> =
        if is_list { serde_json::from_str(first).unwrap_or_default() } else { Vec::new() };
    let sample = if is_list { items.first().map_or("", |item| item.get()) } else { first };
    #[expect(clippy::zero_sized_map_values, reason = "serde reads a set from an array alone")]
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_str(sample).unwrap_or_default();
    if fields.contains_key("log") && !is_list {
        Ok(Format::Har)
    } else if ["http_buffered_trace", "http_streamed_trace_segment"]
        .iter()
        .any(|name| fields.contains_key(*name))
    {
        Ok(Format::Tap)
    } else if (is_list && items.is_empty()) || fields.contains_key("headers") {
        Ok(Format::Stub)
    } else {
        Err("the capture is JSON, and neither a HAR file, a tap trace nor the stub's /requests; a \
             body alone is given by --body-file, with its headers by --header"
            .to_owned())
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// One of several: the one at `index`, or else the last; and its place for people, from 1.
fn choose<T>(mut all: Vec<T>, index: Option<usize>, what: &str) -> Result<(T, String), String> {
    let count = all.len();
    let Some(last) = count.checked_sub(1) else { return Err(format!("{what} holds no request")) };
    let index = index.unwrap_or(last);
    if index > last {
        return Err(format!("{what} holds {count} requests: --index goes up to {last}"));
    }
    let place = if count == 1 {
        what.to_owned()
    } else {
        format!("{what}, --index {index} of 0 to {last}")
    };
    Ok((all.swap_remove(index), place))
}

/// JSON text as one of the readers' own types.
fn parse<'b, T: serde::Deserialize<'b>>(bytes: &'b [u8], what: &str) -> Result<T, String> {
    let text = without_mark(bytes);
    serde_json::from_slice(text).map_err(|error| format!("not {what}: {}", place_of(&error)))
}

/// Where an error is, without what stands there: a message of serde's may quote it.
fn place_of(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "another field or type is due",
        _ => "not valid JSON",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// One JSON value or an array of them.
fn one_or_many<'b>(bytes: &'b [u8], what: &str) -> Result<Vec<&'b RawValue>, String> {
    let text = without_mark(bytes).trim_ascii_start();
    if text.starts_with(b"[") {
        return parse(text, what);
    }
    let documents = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    documents
        .map(|document| document.map_err(|error| format!("not {what}: {}", place_of(&error))))
        .collect()
}

#[cfg(test)]
mod tests;
