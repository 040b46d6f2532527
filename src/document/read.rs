//! Reads a document against the schema in one pass.
//!
//! Each function reads one place of the schema and notes what it breaks, so that an answer can name
//! several violations; a document with any of them is never handed on.

use std::mem;

use super::scan::{Kind, Scanner, Stop, Text, Token, has_duplicate};
use super::violation::{DocumentError, MAX_VIOLATIONS, Place, Rule, Violation};
use super::{
    Data, Document, Event, EventType, Extra, LabResult, Marker, MarkerValue, Nulls, Order, Rules,
    UnknownEvents, UnknownValue,
};
use crate::normal::decimal::Decimal;

/// Reads the body of a verified request.
///
/// # Errors
/// [`DocumentError`] where the body is not UTF-8, not JSON, or breaks the schema. Errors in `data`
/// are those of the branch that `event_type` selects; where it selects none, `data` has none.
pub fn read(body: &[u8], rules: Rules) -> Result<Document<'_>, DocumentError> {
    let text =
        str::from_utf8(body).map_err(|error| DocumentError::NotUtf8 { at: error.valid_up_to() })?;
    let mut reader = Reader {
        scanner: Scanner::new(text),
        rules,
        place: Place::Event,
        findings: Findings::default(),
    };
    match reader.document() {
        Ok(Some(document)) => Ok(document),
        Ok(None) => Err(reader.findings.into_error()),
        Err(Stop::Syntax { at }) => Err(DocumentError::NotJson { at }),
        Err(Stop::TooDeep) => {
            let place = reader.place;
            Err(DocumentError::Schema(vec![Violation { place, field: None, rule: Rule::Depth }]))
        }
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    rules: Rules,
    /// The object that is being read.
    place: Place,
    findings: Findings,
}

/// What a document, or its `data`, breaks so far.
#[derive(Default)]
struct Findings {
    /// Of the schema's rules: they count only on the branch that they belong to.
    schema: Vec<Violation>,
    /// Keys given twice: they count on every branch.
    duplicates: Vec<Violation>,
}

impl Findings {
    const fn are_empty(&self) -> bool {
        self.schema.is_empty() && self.duplicates.is_empty()
    }

    fn append(&mut self, mut other: Self) {
        self.schema.append(&mut other.schema);
        self.duplicates.append(&mut other.duplicates);
    }

    fn into_error(self) -> DocumentError {
        let mut violations = self.schema;
        violations.extend(self.duplicates);
        violations.truncate(MAX_VIOLATIONS);
        DocumentError::Schema(violations)
    }
}

/// A field while its object is read: filled by its first key, whatever the value was.
type Slot<T> = Option<Option<T>>;

/// An object of `data` as it was read, before it is known that its branch was the right one.
struct ReadData<'a> {
    /// Where it starts, to read it again.
    start: Scanner<'a>,
    branch: Branch,
    data: Option<Data<'a>>,
    findings: Findings,
}

/// The two alternatives of the schema's `anyOf`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    LabResult,
    Order,
}

impl Branch {
    const fn of(event_type: EventType) -> Self {
        match event_type {
            EventType::ResultReady | EventType::ResultCritical => Self::LabResult,
            EventType::OrderCompleted | EventType::OrderCancelled => Self::Order,
        }
    }
}

impl<'a> Reader<'a> {
    /// The whole text; none where `findings` refuse it.
    fn document(&mut self) -> Result<Option<Document<'a>>, Stop> {
        if self.scanner.kind()? != Kind::Object {
            self.mismatch(None, "object")?;
            self.scanner.end()?;
            return Ok(None);
        }
        let mut event_type = None;
        let mut user_id = None;
        let mut client_user_id = None;
        let mut team_id = None;
        let mut data: Slot<ReadData<'a>> = None;
        let mut extra = Vec::new();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            match key.as_str() {
                "event_type" => self.field(&mut event_type, "event_type", Self::required_text)?,
                "user_id" => self.field(&mut user_id, "user_id", Self::text)?,
                "client_user_id" => {
                    self.field(&mut client_user_id, "client_user_id", Self::text)?
                }
                "team_id" => self.field(&mut team_id, "team_id", Self::text)?,
                "data" => {
                    // Where `data` comes first, it is taken for a lab result, the long kind.
                    let known = event_type.as_ref().and_then(known_event_type);
                    let branch = known.map_or(Branch::LabResult, Branch::of);
                    self.field(&mut data, "data", |reader, field| reader.data(field, branch))?;
                }
                _ => extra.push((key, self.unknown()?)),
            }
        }
        self.scanner.end()?;
        self.refuse_duplicates(&extra);

        let known = event_type.as_ref().and_then(known_event_type);
        if event_type.is_none() {
            self.violation(Some("event_type"), Rule::Required);
        }
        if data.is_none() {
            self.violation(Some("data"), Rule::Required);
        }
        let data = data.flatten();
        let Some(known) = known else {
            return Ok(self.unknown_event(event_type.flatten(), data));
        };
        let data = data.map(|data| self.settle(data, Branch::of(known))).transpose()?.flatten();
        Ok(data.filter(|_| self.findings.are_empty()).map(|data| {
            Document::Event(Event {
                event_type: known,
                user_id: user_id.flatten(),
                client_user_id: client_user_id.flatten(),
                team_id: team_id.flatten(),
                data,
                extra,
            })
        }))
    }

    /// A document of no documented type: acknowledged if the rules say so, else refused.
    fn unknown_event(
        &mut self,
        event_type: Option<Text<'a>>,
        data: Option<ReadData<'a>>,
    ) -> Option<Document<'a>> {
        self.findings.duplicates.extend(data.into_iter().flat_map(|data| data.findings.duplicates));
        let event_type = event_type?;
        let acknowledged = self.rules.unknown_events == UnknownEvents::Acknowledge;
        if acknowledged && self.findings.duplicates.is_empty() {
            return Some(Document::Unknown { event_type });
        }
        self.violation(Some("event_type"), Rule::Enum);
        None
    }

    fn data(&mut self, field: &'static str, branch: Branch) -> Result<Option<ReadData<'a>>, Stop> {
        if self.scanner.kind()? != Kind::Object {
            self.mismatch(Some(field), "object")?;
            return Ok(None);
        }
        let start = self.scanner.clone();
        let outer = mem::take(&mut self.findings);
        self.place = Place::Data;
        let data = match branch {
            Branch::LabResult => Some(Data::LabResult(self.lab_result()?)),
            Branch::Order => self.order()?.map(Data::Order),
        };
        self.place = Place::Event;
        let findings = mem::replace(&mut self.findings, outer);
        Ok(Some(ReadData { start, branch, data, findings }))
    }

    /// The `data` of the branch that turned out to be the document's.
    fn settle(&mut self, read: ReadData<'a>, branch: Branch) -> Result<Option<Data<'a>>, Stop> {
        let read = if read.branch == branch {
            read
        } else {
            self.scanner = read.start;
            let Some(read) = self.data("data", branch)? else { return Ok(None) };
            read
        };
        self.findings.append(read.findings);
        Ok(read.data)
    }

    fn order(&mut self) -> Result<Option<Order<'a>>, Stop> {
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
                    self.field(&mut cancellation_reason, "cancellation_reason", Self::text_or_null)?
                }
                _ => extra.push((key, self.unknown()?)),
            }
        }
        self.refuse_duplicates(&extra);
        self.require(&order_id, "order_id");
        self.require(&status, "status");
        let cancellation_reason = cancellation_reason.flatten();
        Ok(order_id.flatten().zip(status.flatten()).map(|(order_id, status)| Order {
            order_id,
            status,
            cancellation_reason,
            extra,
        }))
    }

    fn lab_result(&mut self) -> Result<LabResult<'a>, Stop> {
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
                    self.field(&mut critical_marker_count, "critical_marker_count", Self::count)?
                }
                "markers" => self.field(&mut markers, "markers", |reader, field| {
                    reader.markers(field, &mut marker_extra)
                })?,
                _ => extra.push((key, self.unknown()?)),
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
        if self.scanner.kind()? != Kind::Array {
            self.mismatch(Some(field), "array")?;
            return Ok(None);
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
            match key.as_str() {
                "slug" => self.field(&mut slug, "slug", Self::filled_text)?,
                "name" => self.field(&mut name, "name", Self::required_filled_text)?,
                "unit" => self.field(&mut unit, "unit", Self::filled_text)?,
                "value" => self.field(&mut value, "value", Self::marker_value)?,
                "min_range_value" => {
                    self.field(&mut min_range_value, "min_range_value", Self::number_or_null)?;
                }
                "max_range_value" => {
                    self.field(&mut max_range_value, "max_range_value", Self::number_or_null)?;
                }
                "interpretation" => {
                    self.field(&mut interpretation, "interpretation", Self::text_or_null)?;
                }
                "timestamp" => self.field(&mut timestamp, "timestamp", Self::filled_text)?,
                "notes" => self.field(&mut notes, "notes", Self::text)?,
                _ => extra.push((key, self.unknown()?)),
            }
        }
        self.refuse_duplicates(extra.get(first_extra..).unwrap_or_default());
        self.require(&name, "name");
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

    /// Reads a known field's value, or passes over it where the key is not the first of its name.
    fn field<T>(
        &mut self,
        slot: &mut Slot<T>,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<Option<T>, Stop>,
    ) -> Result<(), Stop> {
        if slot.is_some() {
            self.duplicate(Some(field));
            self.unknown()?;
        } else {
            *slot = Some(read(self, field)?);
        }
        Ok(())
    }

    /// `{"type": "string"}` of a field that may be left out.
    fn text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string", self.rules.nulls == Nulls::Absent)
    }

    /// `{"type": "string", "minLength": 1}` of a field that may be left out.
    fn filled_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        let text = self.text(field)?;
        Ok(self.filled(text, field))
    }

    /// `{"type": "string"}` of a required field.
    fn required_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string", false)
    }

    /// `{"type": "string", "minLength": 1}` of a required field.
    fn required_filled_text(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        let text = self.required_text(field)?;
        Ok(self.filled(text, field))
    }

    /// `{"type": ["string", "null"]}`
    fn text_or_null(&mut self, field: &'static str) -> Result<Option<Text<'a>>, Stop> {
        self.string(field, "string or null", true)
    }

    /// `{"type": ["number", "null"]}`
    fn number_or_null(&mut self, field: &'static str) -> Result<Option<Token<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::Number => return self.scanner.value().map(Some),
            Kind::Null => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), "number or null")?,
        }
        Ok(None)
    }

    /// `{"type": "integer", "minimum": 0}`
    fn count(&mut self, field: &'static str) -> Result<Option<Token<'a>>, Stop> {
        if self.scanner.kind()? != Kind::Number {
            self.mismatch(Some(field), "integer")?;
            return Ok(None);
        }
        let token = self.scanner.value()?;
        let number = Decimal::parse(token.as_str());
        if !number.is_some_and(|number| number.is_integer()) {
            self.violation(Some(field), Rule::Type("integer"));
        }
        if number.is_some_and(|number| number.is_negative()) {
            self.violation(Some(field), Rule::Minimum);
        }
        Ok(Some(token))
    }

    /// A marker's `value`: string, number or null.
    fn marker_value(&mut self, field: &'static str) -> Result<Option<MarkerValue<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::String => return self.scanner.string().map(MarkerValue::Text).map(Some),
            Kind::Number => return self.scanner.value().map(MarkerValue::Number).map(Some),
            Kind::Null => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), "string, number or null")?,
        }
        Ok(None)
    }

    fn string(
        &mut self,
        field: &'static str,
        expected: &'static str,
        null_is_absent: bool,
    ) -> Result<Option<Text<'a>>, Stop> {
        match self.scanner.kind()? {
            Kind::String => return self.scanner.string().map(Some),
            Kind::Null if null_is_absent => drop(self.scanner.value()?),
            _ => self.mismatch(Some(field), expected)?,
        }
        Ok(None)
    }

    fn filled(&mut self, text: Option<Text<'a>>, field: &'static str) -> Option<Text<'a>> {
        if text.as_ref().is_some_and(|text| text.as_str().is_empty()) {
            self.violation(Some(field), Rule::MinLength);
        }
        text
    }

    /// The value of a field that the schema does not name.
    fn unknown(&mut self) -> Result<UnknownValue<'a>, Stop> {
        if self.scanner.kind()? == Kind::String {
            return self.scanner.string().map(UnknownValue::Text);
        }
        let token = self.scanner.value()?;
        if self.scanner.take_duplicate() {
            self.duplicate(None);
        }
        Ok(UnknownValue::Other(token))
    }

    /// Passes over a value of the wrong type.
    fn mismatch(
        &mut self,
        field: Option<&'static str>,
        expected: &'static str,
    ) -> Result<(), Stop> {
        self.unknown()?;
        self.violation(field, Rule::Type(expected));
        Ok(())
    }

    fn require<T>(&mut self, slot: &Slot<T>, field: &'static str) {
        if slot.is_none() {
            self.violation(Some(field), Rule::Required);
        }
    }

    fn refuse_duplicates(&mut self, extra: &Extra<'a>) {
        if has_duplicate(extra.iter().map(|(key, _)| key)) {
            self.duplicate(None);
        }
    }

    fn violation(&mut self, field: Option<&'static str>, rule: Rule) {
        if self.findings.schema.len() < MAX_VIOLATIONS {
            self.findings.schema.push(Violation { place: self.place, field, rule });
        }
    }

    /// Notes a key given twice: `field`, or one that the schema does not name.
    fn duplicate(&mut self, field: Option<&'static str>) {
        if self.findings.duplicates.len() < MAX_VIOLATIONS {
            let rule = Rule::DuplicateKey;
            self.findings.duplicates.push(Violation { place: self.place, field, rule });
        }
    }
}

fn known_event_type(slot: &Option<Text<'_>>) -> Option<EventType> {
    slot.as_ref().and_then(|event_type| EventType::named(event_type.as_str()))
}
