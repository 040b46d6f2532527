//! One request as a row of the page's list.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{event::Event, mark::Mark, outline::Outline, recorder::Recorded, tree::Tree};

/// How many bytes of names and ids of one request are searched; a document can have megabytes.
const MAX_WORDS_BYTES: usize = 16 * 1024;

/// What the list shows of one request, and searches.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    id: Mark,
    /// Milliseconds since 1970.
    received: u64,
    method: String,
    path: String,
    kind: Kind,
    event_id: Option<String>,
    event_type: Option<String>,
    verified_by: Option<&'static str>,
    shadow_verdict: Option<String>,
    markers: Option<usize>,
    /// How many markers are critical.
    critical: usize,
    /// Whether one is, or the sender calls the whole result so.
    is_critical: bool,
    /// The status that the request was answered with, once it was.
    answered: Option<u16>,
    /// Names, slugs and ids, one a line.
    words: String,
    /// Whether there are more words than these.
    has_more_words: bool,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A `junction.event.v1`.
    Event,
    /// An original that went on in shadow mode, of which nothing is proven.
    Original,
    /// A request whose body has not come to its end.
    Incomplete,
    /// Anything else.
    Other,
}

impl Kind {
    /// What a request is, and its event where it has one.
    pub(crate) fn of(request: &Recorded) -> (Self, Option<Event<'_>>) {
        let seen = &request.seen;
        if !seen.complete {
            return (Self::Incomplete, None);
        }
        if seen.shadow_verdict.is_some() {
            return (Self::Original, None);
        }
        let event = seen.body.as_ref().and_then(|body| Event::read(body.as_bytes()).ok());
        (event.as_ref().map_or(Self::Other, |_| Self::Event), event)
    }
}

impl Row {
    pub(crate) fn of(request: &Recorded) -> Self {
        let (kind, event) = Kind::of(request);
        let read = request.seen.body.as_deref().map_or(Ok(None), Tree::read);
        let is_unread = read.is_err();
        let tree = read.ok().flatten();
        let (words, has_more_words) = words(request, tree.as_ref());
        // Also of a document that is too large for a tree.
        let outline = request.seen.body.as_deref().map(Outline::of).unwrap_or_default();
        let (event_id, verified_by) =
            event.as_ref().map(|event| (event.id.clone(), event.verified_by)).unzip();
        let event_type = match event {
            Some(event) => Some(event.kind),
            None if kind == Kind::Other => None,
            None => outline.event_type,
        };
        let has_markers = event_type.as_deref().is_some_and(|of| of.starts_with("labtest.result."));
        Self {
            id: request.id,
            received: u64::try_from(request.received.as_millis()).unwrap_or(u64::MAX),
            method: request.seen.method.clone(),
            path: request.seen.path.clone(),
            kind,
            event_id,
            event_type,
            verified_by,
            shadow_verdict: request.seen.shadow_verdict.clone(),
            markers: (kind != Kind::Other && has_markers).then_some(outline.markers),
            critical: outline.critical,
            is_critical: outline.is_critical,
            answered: request.answered,
            words,
            has_more_words: has_more_words || is_unread,
        }
    }
}

/// The markers of an event, or of an original.
fn markers<'t>(document: &'t Tree<'_>) -> &'t [Tree<'t>] {
    document.get("data").and_then(|data| data.get("markers")).map_or(&[], Tree::items)
}

fn words(request: &Recorded, document: Option<&Tree<'_>>) -> (String, bool) {
    let text = |tree: &Tree<'_>, names: &[&str]| -> Vec<String> {
        names.iter().filter_map(|name| tree.get(name)?.text()).collect()
    };
    let mut found = vec![request.seen.path.clone()];
    if let Some(document) = document {
        found.extend(text(document, &["event_id", "event_type", "user_id", "client_user_id"]));
        if let Some(data) = document.get("data") {
            found.extend(text(data, &["order_id", "sample_id"]));
        }
        found.extend(markers(document).iter().flat_map(|marker| text(marker, &["name", "slug"])));
    }
    let (mut words, mut known) = (String::new(), BTreeSet::new());
    for word in found {
        if words.len().saturating_add(word.len()) > MAX_WORDS_BYTES {
            return (words, true);
        }
        if known.insert(word.clone()) {
            words.push_str(&word);
            words.push('\n');
        }
    }
    (words, false)
}
