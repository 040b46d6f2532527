//! Reads an event's `data`: an order, or a lab result with its markers.

use super::read::Reader;
use super::scan::{Kind, Stop};
use super::token::{Name, Text};
use super::violation::Place;
use super::{LabResult, Marker, Order, UnknownValue};

/// The names of a marker's fields, of which a document has more than of all others together.
const SLUG: Name = Name::of("slug");
const NAME: Name = Name::of("name");
const UNIT: Name = Name::of("unit");
const VALUE: Name = Name::of("value");
const MIN_RANGE_VALUE: Name = Name::of("min_range_value");
const MAX_RANGE_VALUE: Name = Name::of("max_range_value");
const INTERPRETATION: Name = Name::of("interpretation");
const TIMESTAMP: Name = Name::of("timestamp");
const NOTES: Name = Name::of("notes");

impl<'a> Reader<'a> {
    pub(super) fn order(&mut self) -> Result<Option<Order<'a>>, Stop> {
        let mut order_id = None;
        let mut status = None;
        let mut cancellation_reason = None;
        let mut extra = Vec::new();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            match key.as_str() {
                "order_id" => self.field(&mut order_id, "order_id", Self::required_filled_text)?,
                "status" => self.field(&mut status, "status", Self::required_filled_text)?,
                "cancellation_reason" => {
                    self.field(
                        &mut cancellation_reason,
                        "cancellation_reason",
                        Self::text_or_null,
                    )?;
                }
                _ => extra.push((key.text, self.unknown()?)),
            }
        }
        self.refuse_duplicates(&extra);
        self.require(order_id.as_ref(), "order_id");
        self.require(status.as_ref(), "status");
        let cancellation_reason = cancellation_reason.flatten();
        Ok(order_id.flatten().zip(status.flatten()).map(|(order_id, status)| Order {
            order_id,
            status,
            cancellation_reason,
            extra,
        }))
    }

    pub(super) fn lab_result(&mut self) -> Result<LabResult<'a>, Stop> {
        let mut order_id = None;
        let mut sample_id = None;
        let mut status = None;
        let mut interpretation = None;
        let mut collected_at = None;
        let mut reported_at = None;
        let mut marker_count = None;
        let mut critical_marker_count = None;
        let mut markers = None;
        let mut marker_extra = Vec::new();
        let mut extra = Vec::new();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            match key.as_str() {
                "order_id" => self.field(&mut order_id, "order_id", Self::text)?,
                "sample_id" => self.field(&mut sample_id, "sample_id", Self::text)?,
                "status" => self.field(&mut status, "status", Self::text)?,
                "interpretation" => {
                    self.field(&mut interpretation, "interpretation", Self::text_or_null)?;
                }
                "collected_at" => {
                    self.field(&mut collected_at, "collected_at", Self::filled_text)?;
                }
                "reported_at" => self.field(&mut reported_at, "reported_at", Self::filled_text)?,
                "marker_count" => self.field(&mut marker_count, "marker_count", Self::count)?,
                "critical_marker_count" => {
                    self.field(&mut critical_marker_count, "critical_marker_count", Self::count)?;
                }
                "markers" => self.field(&mut markers, "markers", |reader, field| {
                    reader.markers(field, &mut marker_extra)
                })?,
                _ => extra.push((key.text, self.unknown()?)),
            }
        }
        self.refuse_duplicates(&extra);
        Ok(LabResult {
            order_id: order_id.flatten(),
            sample_id: sample_id.flatten(),
            status: status.flatten(),
            interpretation: interpretation.flatten(),
            collected_at: collected_at.flatten(),
            reported_at: reported_at.flatten(),
            marker_count: marker_count.flatten(),
            critical_marker_count: critical_marker_count.flatten(),
            markers: markers.flatten(),
            extra,
            marker_extra,
        })
    }

    fn markers(
        &mut self,
        field: &'static str,
        extra: &mut Vec<(Text<'a>, UnknownValue<'a>)>,
    ) -> Result<Option<Vec<Marker<'a>>>, Stop> {
        match self.scanner.kind()? {
            Kind::Array => {}
            Kind::Null if self.takes_null() => {
                self.scanner.value()?;
                return Ok(None);
            }
            _ => {
                self.mismatch(Some(field), "array")?;
                return Ok(None);
            }
        }
        let mut markers = Vec::new();
        let mut index: usize = 0;
        self.scanner.begin()?;
        while self.scanner.next_item()? {
            self.place = Place::Marker(index);
            if self.scanner.kind()? == Kind::Object {
                markers.extend(self.marker(extra)?);
            } else {
                self.mismatch(None, "object")?;
            }
            index = index.saturating_add(1);
        }
        self.place = Place::Data;
        Ok(Some(markers))
    }

    fn marker(
        &mut self,
        extra: &mut Vec<(Text<'a>, UnknownValue<'a>)>,
    ) -> Result<Option<Marker<'a>>, Stop> {
        let mut slug = None;
        let mut name = None;
        let mut unit = None;
        let mut value = None;
        let mut min_range_value = None;
        let mut max_range_value = None;
        let mut interpretation = None;
        let mut timestamp = None;
        let mut notes = None;
        let first_extra = extra.len();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            match key.name {
                SLUG => self.field(&mut slug, "slug", Self::filled_text)?,
                NAME => self.field(&mut name, "name", Self::required_filled_text)?,
                UNIT => self.field(&mut unit, "unit", Self::filled_text)?,
                VALUE => self.field(&mut value, "value", Self::marker_value)?,
                MIN_RANGE_VALUE => {
                    self.field(&mut min_range_value, "min_range_value", Self::number_or_null)?;
                }
                MAX_RANGE_VALUE => {
                    self.field(&mut max_range_value, "max_range_value", Self::number_or_null)?;
                }
                INTERPRETATION => {
                    self.field(&mut interpretation, "interpretation", Self::text_or_null)?;
                }
                TIMESTAMP => self.field(&mut timestamp, "timestamp", Self::filled_text)?,
                NOTES => self.field(&mut notes, "notes", Self::text)?,
                _ => extra.push((key.text, self.unknown()?)),
            }
        }
        self.refuse_duplicates(extra.get(first_extra..).unwrap_or_default());
        self.require(name.as_ref(), "name");
        Ok(name.flatten().map(|name| Marker {
            slug: slug.flatten(),
            name,
            unit: unit.flatten(),
            value: value.flatten(),
            min_range_value: min_range_value.flatten(),
            max_range_value: max_range_value.flatten(),
            interpretation: interpretation.flatten(),
            timestamp: timestamp.flatten(),
            notes: notes.flatten(),
            extra: first_extra..extra.len(),
        }))
    }
}
