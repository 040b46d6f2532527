//! One request as the page shows it: what arrived, its markers, and the sender's document beside
//! it.
//!
//! Numbers go to the browser as texts, since JavaScript would take their digits.

use serde::Serialize;

use crate::{
    lines::Lines,
    mark::Mark,
    rebuild,
    recorder::Recorded,
    row::Kind,
    tree::{TooManyValues, Tree},
};

/// The markers' array, by which the two documents are laid side by side.
const MARKERS: [&str; 2] = ["data", "markers"];

/// How many bytes of a body that is no JSON are shown.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// How many markers are shown; more than any panel has, and what a document of the longest length
/// has would be ten thousands.
const MAX_MARKERS: usize = 2000;

/// All that the page shows of one request.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    id: Mark,
    received: u64,
    kind: Kind,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    complete: bool,
    answered: Option<u16>,
    shadow_verdict: Option<String>,
    /// An event's own id and signed time, for the tool.
    event_id: Option<String>,
    sent_at: Option<String>,
    /// What stands beside the markers: a name for people and what the event says.
    facts: Vec<(&'static str, String)>,
    markers: Vec<Marker>,
    /// How many markers are not shown, since there are too many.
    markers_left_out: usize,
    /// What the upstream received, as lines, where it is JSON.
    document: Option<Lines>,
    /// The sender's document, where what was received is an event from which it can be rebuilt.
    sent: Option<Lines>,
    /// The body, or how it begins, where it is no JSON or has too many values.
    text: Option<String>,
    has_too_many_values: bool,
    body_bytes: usize,
}

/// One marker; numbers are their digits, and a text in `raw` is JSON.
#[derive(Debug, Default, Serialize)]
struct Marker {
    name: Option<String>,
    slug: Option<String>,
    kind: Option<String>,
    comparator: Option<String>,
    number: Option<String>,
    text: Option<String>,
    low: Option<String>,
    high: Option<String>,
    unit: Option<String>,
    ucum: Option<String>,
    reference_low: Option<String>,
    reference_high: Option<String>,
    code: Option<String>,
    critical: bool,
    word: Option<String>,
    observed_at: Option<String>,
    notes: Option<String>,
    /// How the sender spelled the value, the unit and the time, where the event has another
    /// spelling.
    sent_value: Option<String>,
    sent_unit: Option<String>,
    sent_time: Option<String>,
    /// Whether the sender gave the slug.
    slug_is_derived: bool,
}

impl View {
    pub(crate) fn of(request: &Recorded) -> Self {
        let (kind, _) = Kind::of(request);
        let seen = &request.seen;
        let body = seen.body.as_deref();
        let read = body.map_or(Ok(None), Tree::read);
        let has_too_many_values = read.is_err();
        let mut tree = read.ok().flatten();
        let mut view = Self {
            id: request.id,
            received: u64::try_from(request.received.as_millis()).unwrap_or(u64::MAX),
            kind,
            method: seen.method.clone(),
            path: seen.path.clone(),
            headers: seen.headers.clone(),
            complete: seen.complete,
            answered: request.answered,
            shadow_verdict: seen.shadow_verdict.clone(),
            event_id: None,
            sent_at: None,
            facts: Vec::new(),
            markers: Vec::new(),
            markers_left_out: 0,
            document: None,
            sent: None,
            text: None,
            has_too_many_values,
            body_bytes: body.map_or(0, str::len),
        };
        match &mut tree {
            None => view.text = body.or(seen.body_base64.as_deref()).map(shown),
            Some(event) if kind == Kind::Event => {
                let text = |name| event.get(name).and_then(Tree::text);
                (view.event_id, view.sent_at) = (text("event_id"), text("sent_at"));
                view.facts = facts(event);
                let markers = MARKERS.iter().try_fold(&*event, |tree, name| tree.get(name));
                if view.is_result(event) {
                    let markers = markers.map(Tree::items).unwrap_or_default();
                    view.markers = markers.iter().take(MAX_MARKERS).map(Marker::of).collect();
                    view.markers_left_out = markers.len().saturating_sub(view.markers.len());
                }
                let parted: &[&str] = if view.markers.is_empty() { &["/"] } else { &MARKERS };
                let sent = rebuild::sent(event);
                view.sent = sent.map(|sent| Lines::of(&sent, parted));
                view.document = Some(Lines::of(event, parted));
            }
            Some(document) => view.document = Some(Lines::of(document, &["/"])),
        }
        view
    }

    fn is_result(&self, event: &Tree<'_>) -> bool {
        let kind = event.get("event_type").and_then(Tree::text);
        self.kind == Kind::Event && kind.is_some_and(|kind| kind.starts_with("labtest.result."))
    }
}

/// The sender's document alone, where the request is an event from which it can be rebuilt.
///
/// # Errors
/// The event has more values than are laid out.
pub(crate) fn sent(request: &Recorded) -> Result<Option<String>, TooManyValues> {
    let (Kind::Event, _) = Kind::of(request) else {
        return Ok(None);
    };
    let event = request.seen.body.as_deref().map_or(Ok(None), Tree::read)?;
    Ok(event.and_then(|mut event| rebuild::sent(&mut event).map(|sent| Lines::whole(&sent))))
}

/// As much of a text as is shown.
fn shown(text: &str) -> String {
    let mut end = MAX_TEXT_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default().to_owned()
}

fn facts(event: &Tree<'_>) -> Vec<(&'static str, String)> {
    const OF_EVENT: [(&str, &str); 5] = [
        ("event_id", "Event id"),
        ("sent_at", "Signed at"),
        ("user_id", "User id"),
        ("client_user_id", "Client user id"),
        ("team_id", "Team id"),
    ];
    const OF_DATA: [(&str, &str); 7] = [
        ("order_id", "Order id"),
        ("sample_id", "Sample id"),
        ("status", "Status"),
        ("interpretation", "Interpretation"),
        ("collected_at", "Collected"),
        ("reported_at", "Reported"),
        ("cancellation_reason", "Cancellation reason"),
    ];
    let read = |tree: &Tree<'_>, names: &[(&str, &'static str)]| -> Vec<_> {
        names.iter().filter_map(|(name, title)| Some((*title, tree.get(name)?.text()?))).collect()
    };
    let mut facts = read(event, &OF_EVENT);
    facts.extend(event.get("data").map(|data| read(data, &OF_DATA)).unwrap_or_default());
    facts
}

impl Marker {
    fn of(marker: &Tree<'_>) -> Self {
        let value = marker.get("value");
        let range = marker.get("reference_range");
        let interpretation = marker.get("interpretation");
        let raw = marker.get("raw");
        let number =
            |tree: Option<&Tree<'_>>, name: &str| Some(tree?.get(name)?.number()?.to_owned());
        let text = |tree: Option<&Tree<'_>>, name: &str| tree?.get(name)?.text();
        let sent = |name: &str| Some(raw?.get(name)?.scalar()?.to_owned());
        Self {
            name: text(Some(marker), "name"),
            slug: text(Some(marker), "slug"),
            kind: text(value, "kind"),
            comparator: text(value, "comparator"),
            number: number(value, "number"),
            text: text(value, "text"),
            low: number(value, "low"),
            high: number(value, "high"),
            unit: text(Some(marker), "unit"),
            ucum: text(Some(marker), "ucum"),
            reference_low: number(range, "low"),
            reference_high: number(range, "high"),
            code: text(interpretation, "code"),
            critical: interpretation.and_then(|found| found.get("critical")?.scalar())
                == Some("true"),
            word: text(interpretation, "text"),
            observed_at: text(Some(marker), "observed_at"),
            notes: text(Some(marker), "notes"),
            sent_value: sent("value"),
            sent_unit: sent("unit"),
            sent_time: sent("timestamp"),
            slug_is_derived: raw.is_some_and(|raw| raw.get("slug").is_some_and(Tree::is_null)),
        }
    }
}
