//! The shape of `junction.event.v1`: every key present, null where there is nothing, `raw` and
//! `extra` only where non-empty.
//!
//! It checks the shape and the recounted numbers, and reads what the store keeps in columns. It
//! never turns a number into anything but its text.

use crate::place::{Fields, Place, Violation};

const CONTRACT: &str = "junction.event.v1";
const LAB_EVENTS: [&str; 2] = ["labtest.result.ready", "labtest.result.critical"];
const ORDER_EVENTS: [&str; 2] = ["order.completed", "order.cancelled"];
const COMPARATORS: [&str; 4] = ["<", "<=", ">", ">="];

/// The documented type that a word is, where it is one.
pub(crate) fn documented(word: &str) -> Option<&'static str> {
    LAB_EVENTS.into_iter().chain(ORDER_EVENTS).find(|kind| *kind == word)
}

/// One event, as far as the store needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// The scheme by which the filter verified it.
    pub(crate) verified_by: &'static str,
    /// The whole document as it came.
    pub(crate) document: &'a str,
    pub(crate) content: Content<'a>,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Markers(Vec<Marker<'a>>),
    Order(Order),
    /// Anything else that the sender tells of; its data is as it came.
    Other,
}

/// One marker; what is not a string is the JSON text that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker<'a> {
    pub(crate) slug: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) value: &'a str,
    pub(crate) unit: Option<String>,
    pub(crate) ucum: Option<String>,
    pub(crate) reference_range: &'a str,
    pub(crate) interpretation: &'a str,
    pub(crate) critical: bool,
    pub(crate) observed_at: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) raw: Option<&'a str>,
    pub(crate) extra: Option<&'a str>,
}

/// The order of an order event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) cancellation_reason: Option<String>,
}

impl<'a> Event<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// The first place that is not as the contract says.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Violation> {
        let place = Place::document(body)?;
        let document = place.text();
        let mut fields = place.fields()?;
        fields.take("contract")?.word(&[CONTRACT])?;
        let id_place = fields.take("event_id")?;
        let id = id_place.string()?;
        if id.is_empty() {
            return Err(id_place.violates("empty"));
        }
        let event_type = fields.take("event_type")?;
        let verified_by = fields.take("verified_by")?.word(&["svix", "hmac"])?;
        for name in ["sent_at", "user_id", "client_user_id", "team_id"] {
            fields.take(name)?.nullable_string()?;
        }
        let data = fields.take("data")?;
        take_originals(&mut fields)?;
        fields.end()?;

        let kind = event_type.string()?;
        let content = match kind.as_str() {
            "" => return Err(event_type.violates("empty")),
            lab if LAB_EVENTS.contains(&lab) => Content::Markers(read_lab_data(data.fields()?)?),
            order if ORDER_EVENTS.contains(&order) => Content::Order(read_order(data.fields()?)?),
            _ => Content::Other,
        };
        Ok(Self { id, kind, verified_by, document, content })
    }
}

fn read_lab_data(mut data: Fields<'_>) -> Result<Vec<Marker<'_>>, Violation> {
    for name in ["order_id", "sample_id", "status", "interpretation", "collected_at", "reported_at"]
    {
        data.take(name)?.nullable_string()?;
    }
    let marker_count = data.take("marker_count")?;
    let critical_marker_count = data.take("critical_marker_count")?;
    let markers: Vec<Marker<'_>> =
        data.take("markers")?.items()?.into_iter().map(read_marker).collect::<Result<_, _>>()?;
    let critical = markers.iter().filter(|marker| marker.critical).count();
    for (place, count) in [(marker_count, markers.len()), (critical_marker_count, critical)] {
        if place.text() != count.to_string() {
            return Err(place.violates("not the number of such markers"));
        }
    }
    take_originals(&mut data)?;
    data.end()?;
    Ok(markers)
}

fn read_marker(place: Place<'_>) -> Result<Marker<'_>, Violation> {
    let mut fields = place.fields()?;
    let value = fields.take("value")?;
    let reference_range = fields.take("reference_range")?;
    let interpretation = fields.take("interpretation")?;
    let (raw, extra) = take_originals(&mut fields)?;
    let marker = Marker {
        slug: fields.take("slug")?.nullable_string()?,
        name: fields.take("name")?.nullable_string()?,
        value: value.text(),
        unit: fields.take("unit")?.nullable_string()?,
        ucum: fields.take("ucum")?.nullable_string()?,
        reference_range: reference_range.text(),
        interpretation: interpretation.text(),
        critical: read_critical(interpretation)?,
        observed_at: fields.take("observed_at")?.nullable_string()?,
        notes: fields.take("notes")?.nullable_string()?,
        raw,
        extra,
    };
    check_value(value)?;
    check_range(reference_range)?;
    fields.end()?;
    Ok(marker)
}

fn check_value(place: Place<'_>) -> Result<(), Violation> {
    let mut fields = place.fields()?;
    match fields.take("kind")?.word(&["quantity", "range", "text", "absent"])? {
        "quantity" => {
            if let Some(comparator) = fields.take("comparator")?.present() {
                comparator.word(&COMPARATORS)?;
            }
            fields.take("number")?.number()?;
        }
        "range" => {
            fields.take("low")?.number()?;
            fields.take("high")?.number()?;
        }
        "text" => {
            fields.take("text")?.string()?;
        }
        _ => {}
    }
    fields.end()
}

fn check_range(place: Place<'_>) -> Result<(), Violation> {
    let mut fields = place.fields()?;
    for name in ["low", "high"] {
        if let Some(bound) = fields.take(name)?.present() {
            bound.number()?;
        }
    }
    fields.end()
}

fn read_critical(interpretation: Place<'_>) -> Result<bool, Violation> {
    let mut fields = interpretation.fields()?;
    fields.take("code")?.nullable_string()?;
    let critical = fields.take("critical")?.boolean()?;
    fields.take("text")?.nullable_string()?;
    fields.end()?;
    Ok(critical)
}

/// The JSON text of `raw` and `extra`, objects that are absent rather than empty.
fn take_originals<'a>(
    fields: &mut Fields<'a>,
) -> Result<(Option<&'a str>, Option<&'a str>), Violation> {
    Ok((take_original(fields, "raw")?, take_original(fields, "extra")?))
}

fn take_original<'a>(fields: &mut Fields<'a>, name: &str) -> Result<Option<&'a str>, Violation> {
    let Some(place) = fields.take_optional(name) else {
        return Ok(None);
    };
    let text = place.text();
    if place.clone().fields()?.is_empty() {
        return Err(place.violates("empty"));
    }
    Ok(Some(text))
}

fn read_order(mut data: Fields<'_>) -> Result<Order, Violation> {
    let order = Order {
        id: data.take("order_id")?.string()?,
        status: data.take("status")?.string()?,
        cancellation_reason: data.take("cancellation_reason")?.nullable_string()?,
    };
    take_originals(&mut data)?;
    data.end()?;
    Ok(order)
}
