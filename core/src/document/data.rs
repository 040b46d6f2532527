//! Reads an event's `data`: an order, or a lab result with its markers.

use std::mem;

use super::object::{LabResultSlots, MarkerSlots, OrderSlots};
use super::reader::{Reader, has_duplicate_key};
use super::violation::Place;
use super::{LabResult, Marker, Order, UnknownValue};
use crate::json::{Kind, Stop};

/// About the length of a short marker, in bytes of JSON.
const MARKER_BYTES: usize = 160;

impl<'a> Reader<'a> {
    pub(super) fn order(&mut self) -> Result<Option<Order<'a>>, Stop> {
        let mut slots = OrderSlots::default();
        let mut extra = Vec::new();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            if !slots.read(self, &key)? {
                self.unknown_field(&mut extra, key)?;
            }
        }
        self.refuse_duplicates(&extra);
        Ok(slots.build(self, extra))
    }

    pub(super) fn lab_result(&mut self) -> Result<Option<LabResult<'a>>, Stop> {
        let mut slots = LabResultSlots::default();
        let mut extra = Vec::new();
        self.marker_extra.clear();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            if !slots.read(self, &key)? {
                self.unknown_field(&mut extra, key)?;
            }
        }
        self.refuse_duplicates(&extra);
        let marker_extra = mem::take(&mut self.marker_extra);
        Ok(slots.build(self, extra, marker_extra))
    }

    /// An array of markers.
    pub(super) fn markers(&mut self, field: &'static str) -> Result<Option<Vec<Marker<'a>>>, Stop> {
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
        // A panel grows to its length once: its markers are large, and most are longer than this.
        let guess = self.scanner.rest().len() / MARKER_BYTES;
        let mut markers = Vec::with_capacity(guess);
        self.marker_extra.reserve(guess);
        let mut index: usize = 0;
        self.scanner.begin()?;
        while self.scanner.next_item()? {
            self.place = Place::Marker(index);
            if self.scanner.kind()? == Kind::Object {
                self.marker(&mut markers)?;
            } else {
                self.mismatch(None, "object")?;
            }
            index = index.saturating_add(1);
        }
        self.place = Place::Data;
        Ok(Some(markers))
    }

    /// Reads a marker and adds it to the others, if it is whole.
    fn marker(&mut self, markers: &mut Vec<Marker<'a>>) -> Result<(), Stop> {
        let mut slots = MarkerSlots::default();
        let first_extra = self.marker_extra.len();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key_inlined()? {
            if !slots.read(self, &key)? {
                let key = self.scanner.text_of(key)?;
                // Apart, so that a plain string goes to its place by registers.
                if let Some(text) = self.scanner.plain_string() {
                    self.marker_extra.push((key, UnknownValue::Text(text)));
                } else {
                    let value = self.unknown()?;
                    self.marker_extra.push((key, value));
                }
            }
        }
        let extra = first_extra..self.marker_extra.len();
        if extra.len() > 1
            && has_duplicate_key(self.marker_extra.get(extra.clone()).unwrap_or_default())
        {
            self.duplicate(None);
        }
        if let Some(marker) = slots.build(self, extra) {
            markers.push(marker);
        }
        Ok(())
    }
}
