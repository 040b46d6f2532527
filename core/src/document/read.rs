//! Reads a document against the schema in one pass.
//!
//! Each function reads one place of the schema and notes what it breaks, so that an answer can name
//! several violations; a document with any of them is never handed on.

use std::mem;

use super::object::IdSlots;
use super::reader::{Reader, Slot};
use super::violation::{DocumentError, Findings, Place, Rule, Violation};
use super::{Data, Document, Event, EventName, EventType, Rules, UnknownEvents, is_fit_for_header};
use crate::json::{Kind, Name, Scanner, Stop, Text};

/// Reads the body of a verified request.
///
/// # Errors
/// [`DocumentError`] where the body is not UTF-8, not JSON, or breaks the schema. Errors in `data`
/// are those of the branch that `event_type` selects; where it selects no branch, `data` has no
/// errors.
pub fn read(body: &[u8], rules: Rules) -> Result<Document<'_>, DocumentError> {
    let text =
        str::from_utf8(body).map_err(|error| DocumentError::NotUtf8 { at: error.valid_up_to() })?;
    let mut reader = Reader::new(text, rules);
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
    /// The whole text; `None` where `findings` refuse it.
    fn document(&mut self) -> Result<Option<Document<'a>>, Stop> {
        if self.scanner.kind()? != Kind::Object {
            self.mismatch(None, "object")?;
            self.scanner.end()?;
            return Ok(None);
        }
        let mut event_type = Slot::default();
        let mut ids = IdSlots::default();
        let mut data: Slot<ReadData<'a>> = Slot::default();
        let mut data_token = None;
        let mut extra = Vec::new();
        self.scanner.begin()?;
        while let Some(key) = self.scanner.next_key()? {
            if self.scanner.takes(&key, EVENT_TYPE_NAME, EVENT_TYPE) {
                self.field(&mut event_type, EVENT_TYPE, Self::required_text)?;
            } else if self.scanner.takes(&key, DATA_NAME, DATA) {
                // Where `data` comes first, it is taken for a lab result, the long kind.
                let known = known_event_type(event_type.value.as_ref());
                let branch = known.map_or(Branch::LabResult, Branch::of);
                self.scanner.kind()?;
                let start = self.scanner.at();
                self.field(&mut data, DATA, |reader, field| reader.data(field, branch))?;
                data_token = Some(self.scanner.token(start)?);
            } else if !ids.read(self, &key)? {
                self.unknown_field(&mut extra, key)?;
            }
        }
        self.scanner.end()?;
        self.refuse_duplicates(&extra);

        self.require(&event_type, EVENT_TYPE);
        self.require(&data, DATA);
        let Some(ids) = ids.build(self) else { return Ok(None) };
        let Some(known) = known_event_type(event_type.value.as_ref()) else {
            let duplicates = data.value.into_iter().flat_map(|data| data.findings.duplicates);
            self.findings.duplicates.extend(duplicates);
            let Some(event_type) = event_type.value else { return Ok(None) };
            if !self.takes_unknown_event(&event_type) {
                return Ok(None);
            }
            if self.rules.unknown_events == UnknownEvents::Acknowledge {
                return Ok(Some(Document::Unknown { event_type }));
            }
            let event_type = EventName::Other(event_type);
            let data = Data::Other(data_token);
            return Ok(Some(Document::Event(Box::new(Event { event_type, ids, data, extra }))));
        };
        let data = match data.value {
            Some(data) => self.settle(data, Branch::of(known))?,
            None => None,
        };
        Ok(data.filter(|_| self.findings.are_empty()).map(|data| {
            let event_type = EventName::Documented(known);
            Document::Event(Box::new(Event { event_type, ids, data, extra }))
        }))
    }

    /// Whether the rules take a document of this type, which is not documented; else `findings` say
    /// why not.
    fn takes_unknown_event(&mut self, event_type: &Text<'a>) -> bool {
        let is_taken = match self.rules.unknown_events {
            UnknownEvents::Reject => false,
            UnknownEvents::Acknowledge => self.findings.duplicates.is_empty(),
            UnknownEvents::Forward => {
                // The schema does not speak of its `data`.
                self.findings.schema.retain(|violation| violation.field != Some(DATA));
                if is_fit_for_header(event_type.as_str()) {
                    return self.findings.are_empty();
                }
                false
            }
        };
        if !is_taken {
            self.violation(Some(EVENT_TYPE), Rule::Enum);
        }
        is_taken
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
            Branch::LabResult => self.lab_result()?.map(Box::new).map(Data::LabResult),
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
            let Some(read) = self.data(DATA, branch)? else { return Ok(None) };
            read
        };
        self.findings.append(read.findings);
        Ok(read.data)
    }
}

fn known_event_type(event_type: Option<&Text<'_>>) -> Option<EventType> {
    EventType::named(event_type?.as_str())
}

/// The two fields that take part in each other's rules.
const EVENT_TYPE: &str = "event_type";
const EVENT_TYPE_NAME: Name = Name::of(EVENT_TYPE);
const DATA: &str = "data";
const DATA_NAME: Name = Name::of(DATA);
