//! Writes `junction.event.v1`.
//!
//! Owns the shape of the normalised event and what goes into `raw` and `extra`: all that is needed
//! to rebuild the sender's document. Values pass from the sender's text to the output as text.
//! Specification: `docs/contract.md`, section 5, "Counts" and all that is not a value's own.

use std::borrow::Cow;

use crate::document::{Data, Event, EventName, Extra, LabResult, Marker, MarkerValue, Order};
use crate::event::cleaning::{fold_white_space, slug_of, trim};
use crate::event::interpretation::Code;
use crate::event::reading::Reading;
use crate::event::time::{UtcTime, to_utc};
use crate::event::unit::ucum;
use crate::event::value::Value;
use crate::json::{Decimal, Text, Token, Writer};

/// The name of the normalised form, and of this version of it.
pub const CONTRACT: &str = "junction.event.v1";

/// What the signature proved about an event, and its document does not say.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Names the event, the same for each delivery of it.
    pub event_id: &'a str,
    /// The signature scheme: `svix` or `hmac`.
    pub verified_by: &'a str,
    /// The signed time.
    pub sent_at: Option<UtcTime<'a>>,
}

/// Writes the normalised form of an event as JSON; `capacity` is a guess at its length in bytes.
#[must_use]
pub fn normalise(event: &Event<'_>, envelope: &Envelope<'_>, capacity: usize) -> Vec<u8> {
    let mut out = Writer::with_capacity(capacity);
    out.verbatim(r#"{"contract":"#);
    out.quoted(CONTRACT);
    out.verbatim(r#","event_id":"#);
    out.string(envelope.event_id);
    out.verbatim(r#","event_type":"#);
    match &event.event_type {
        EventName::Documented(event_type) => out.quoted(event_type.as_str()),
        EventName::Other(text) => out.text_or_null(Some(text)),
    }
    out.verbatim(r#","verified_by":"#);
    out.quoted(envelope.verified_by);
    out.verbatim(r#","sent_at":"#);
    write_utc(&mut out, envelope.sent_at);
    out.verbatim(r#","user_id":"#);
    out.text_or_null(event.ids.user_id.as_ref());
    out.verbatim(r#","client_user_id":"#);
    out.text_or_null(event.ids.client_user_id.as_ref());
    out.verbatim(r#","team_id":"#);
    out.text_or_null(event.ids.team_id.as_ref());
    out.verbatim(r#","data":"#);
    match &event.data {
        Data::LabResult(result) => write_lab_result(&mut out, result),
        Data::Order(order) => write_order(&mut out, order),
        Data::Other(token) => out.verbatim_or_null(token.map(Token::as_str)),
    }
    write_extra(&mut out, &event.extra);
    out.verbatim("}");
    out.into_bytes()
}

fn write_order(out: &mut Writer, order: &Order<'_>) {
    out.verbatim(r#"{"order_id":"#);
    out.text_or_null(Some(&order.order_id));
    out.verbatim(r#","status":"#);
    out.text_or_null(Some(&order.status));
    out.verbatim(r#","cancellation_reason":"#);
    out.text_or_null(order.cancellation_reason.as_ref());
    write_extra(out, &order.extra);
    out.verbatim("}");
}

fn write_lab_result(out: &mut Writer, result: &LabResult<'_>) {
    let mut raw = Raw::default();
    let markers = result.markers.as_deref().unwrap_or_default();
    out.verbatim(r#"{"order_id":"#);
    out.text_or_null(result.order_id.as_ref());
    out.verbatim(r#","sample_id":"#);
    out.text_or_null(result.sample_id.as_ref());
    out.verbatim(r#","status":"#);
    out.text_or_null(result.status.as_ref());
    out.verbatim(r#","interpretation":"#);
    out.text_or_null(result.interpretation.as_ref());
    out.verbatim(r#","collected_at":"#);
    write_time(out, result.collected_at.as_ref(), "collected_at", &mut raw);
    out.verbatim(r#","reported_at":"#);
    write_time(out, result.reported_at.as_ref(), "reported_at", &mut raw);
    out.verbatim(r#","marker_count":"#);
    out.count(markers.len());
    raw.keep_count("marker_count", result.marker_count.as_ref(), markers.len());
    out.verbatim(r#","critical_marker_count":"#);
    // Known once the markers are written; none in most results, so that what stands here stays.
    let critical_place = out.length();
    let mut critical_count = 0;
    out.count(critical_count);
    out.verbatim(r#","markers":["#);
    let mut marker_raw = Raw::default();
    let mut units = Units::default();
    for (index, marker) in markers.iter().enumerate() {
        let extra = result.extra_of(marker);
        let reading = Reading::of(marker, extra);
        critical_count = critical_count.saturating_add(usize::from(reading.is_critical()));
        out.verbatim(if index == 0 { "{" } else { ",{" });
        write_marker(out, marker, &reading, &mut marker_raw, &mut units);
        marker_raw.write(out);
        write_extra(out, extra);
        out.verbatim("}");
    }
    out.verbatim("]");
    if critical_count > 0 {
        out.replace_digit(critical_place, critical_count);
    }
    raw.keep_count("critical_marker_count", result.critical_marker_count.as_ref(), critical_count);
    if result.markers.is_none() {
        raw.keep_absence("markers");
    }
    raw.write(out);
    write_extra(out, &result.extra);
    out.verbatim("}");
}

fn write_marker<'m>(
    out: &mut Writer,
    marker: &'m Marker<'_>,
    reading: &Reading<'_>,
    raw: &mut Raw<'m>,
    units: &mut Units<'m>,
) {
    let name = fold_white_space(marker.name.as_str());
    out.verbatim(r#""slug":"#);
    let sent_slug = marker.slug.as_ref();
    if let Some(slug) = sent_slug.filter(|slug| !slug.is_empty()) {
        out.text_or_null(Some(slug));
    } else {
        let slug = slug_of(&name);
        out.quoted_or_null(slug.as_deref());
        if sent_slug.is_some() || slug.is_some() {
            raw.keep("slug", sent_slug.map(Text::token));
        }
    }
    out.verbatim(r#","name":"#);
    write_cleaned(out, &marker.name, &name, matches!(name, Cow::Borrowed(_)), "name", raw);
    write_value(out, &reading.value);
    if !reading.carries(marker.value.as_ref()) {
        raw.keep("value", marker.value.as_ref().map(MarkerValue::token));
    }
    let unit = marker.unit.as_ref().map(|unit| (unit, trim(unit.as_str())));
    out.verbatim(r#","unit":"#);
    if let Some((sent, trimmed)) = unit {
        write_cleaned(out, sent, trimmed, trimmed.len() == sent.as_str().len(), "unit", raw);
    } else {
        out.verbatim("null");
    }
    out.verbatim(r#","ucum":"#);
    out.quoted_or_null(unit.and_then(|(_, trimmed)| units.ucum(trimmed)));
    out.verbatim(r#","reference_range":{"low":"#);
    out.number_or_null(marker.min_range_value.as_ref());
    out.verbatim(r#","high":"#);
    out.number_or_null(marker.max_range_value.as_ref());
    out.verbatim(r#"},"interpretation":{"code":"#);
    out.quoted_or_null(reading.code.map(Code::as_str));
    out.verbatim(if reading.is_critical() {
        r#","critical":true,"text":"#
    } else {
        r#","critical":false,"text":"#
    });
    out.text_or_null(marker.interpretation.as_ref());
    out.verbatim(r#"},"observed_at":"#);
    write_time(out, marker.timestamp.as_ref(), "timestamp", raw);
    out.verbatim(r#","notes":"#);
    out.text_or_null(marker.notes.as_ref());
}

/// Writes the field `value`.
fn write_value(out: &mut Writer, value: &Value<'_>) {
    match value {
        Value::Quantity { comparator: None, number } => {
            out.verbatim(r#","value":{"kind":"quantity","comparator":null,"number":"#);
            out.number(number);
        }
        Value::Quantity { comparator: Some(comparator), number } => {
            out.verbatim(r#","value":{"kind":"quantity","comparator":"#);
            out.quoted(comparator.as_str());
            out.verbatim(r#","number":"#);
            out.number(number);
        }
        Value::Range { low, high } => {
            out.verbatim(r#","value":{"kind":"range","low":"#);
            out.number(low);
            out.verbatim(r#","high":"#);
            out.number(high);
        }
        Value::Text(text) => {
            out.verbatim(r#","value":{"kind":"text","text":"#);
            out.string(text);
        }
        Value::Absent => out.verbatim(r#","value":{"kind":"absent""#),
    }
    out.verbatim("}");
}

/// Writes a text after cleaning: null where nothing is left of it.
fn write_cleaned<'m>(
    out: &mut Writer,
    sent: &'m Text<'_>,
    cleaned: &str,
    is_as_sent: bool,
    field: &'static str,
    raw: &mut Raw<'m>,
) {
    if is_as_sent && !sent.is_empty() {
        out.text_or_null(Some(sent));
        return;
    }
    raw.keep(field, Some(sent.token()));
    if cleaned.is_empty() {
        out.verbatim("null");
    } else {
        out.string(cleaned);
    }
}

/// Writes a time in UTC: null where the text is not one.
fn write_time<'m>(
    out: &mut Writer,
    sent: Option<&'m Text<'_>>,
    field: &'static str,
    raw: &mut Raw<'m>,
) {
    let time = sent.and_then(|text| to_utc(text.as_str()));
    write_utc(out, time);
    if let Some(text) = sent
        && !time.is_some_and(|time| time.is_as_sent())
    {
        raw.keep(field, Some(text.token()));
    }
}

fn write_utc(out: &mut Writer, time: Option<UtcTime<'_>>) {
    match time {
        Some(time) => {
            out.verbatim("\"");
            // Writing to memory cannot fail.
            let _ = time.spell(out);
            out.verbatim("\"");
        }
        None => out.verbatim("null"),
    }
}

/// Writes the field `extra` where there is any.
fn write_extra(out: &mut Writer, extra: &Extra<'_>) {
    if extra.is_empty() {
        return;
    }
    for (index, (key, value)) in extra.iter().enumerate() {
        out.verbatim(if index == 0 { r#","extra":{"# } else { "," });
        out.field(key, value.token());
    }
    out.verbatim("}");
}

/// The unit that was looked up last: on a panel, most markers have that of the one before, and
/// comparing two takes a tenth of a look into the table.
#[derive(Default)]
struct Units<'m> {
    last: Option<(&'m str, Option<&'static str>)>,
}

impl<'m> Units<'m> {
    fn ucum(&mut self, unit: &'m str) -> Option<&'static str> {
        match self.last {
            Some((last, code)) if last == unit => code,
            _ => {
                let code = ucum(unit);
                self.last = Some((unit, code));
                code
            }
        }
    }
}

/// The sender's own tokens that the normalised form no longer carries, by the sender's names.
#[derive(Default)]
struct Raw<'m>(Vec<(&'static str, Option<Token<'m>>)>);

impl<'m> Raw<'m> {
    fn keep(&mut self, field: &'static str, token: Option<Token<'m>>) {
        self.0.push((field, token));
    }

    /// Notes that the sender did not give a field which the normalised form has.
    fn keep_absence(&mut self, field: &'static str) {
        self.keep(field, None);
    }

    /// Keeps a count unless it is spelled as the one that takes its place.
    fn keep_count(&mut self, field: &'static str, sent: Option<&Decimal<'m>>, count: usize) {
        if sent.is_none_or(|sent| sent.as_str() != count.to_string()) {
            self.keep(field, sent.map(Token::of_number));
        }
    }

    /// Writes the field `raw` where there is anything to keep, and forgets what it held.
    fn write(&mut self, out: &mut Writer) {
        if self.0.is_empty() {
            return;
        }
        for (index, (field, token)) in self.0.drain(..).enumerate() {
            out.verbatim(if index == 0 { r#","raw":{"# } else { "," });
            out.quoted(field);
            out.verbatim(":");
            out.verbatim_or_null(token.map(Token::as_str));
        }
        out.verbatim("}");
    }
}
