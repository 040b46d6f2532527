//! A host that only writes down what it is asked to do.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use junction_webhook::exchange::Forward;
use junction_webhook::metrics::Series;
use junction_webhook::port::{Change, Host, Warning};
use junction_webhook::reject::Answer;
use junction_webhook::repeats::Destination;

/// Something that the host was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    Add(Series, usize),
    Record(Series, u64),
    FilterState(&'static str, String),
    Warn(String),
    Error(String),
    Answer(Answer),
    Change(Forward),
    DropTrailers,
    RemoveTrailers(Vec<String>),
}

/// What the host knows, and what it was asked to do, in order.
#[derive(Debug, Default)]
pub struct FakeHost {
    pub now: Cell<Duration>,
    /// None cannot be read.
    pub body: RefCell<Option<Vec<u8>>>,
    pub is_head_gone: Cell<bool>,
    pub upstream_status: Cell<Option<u16>>,
    pub destination: RefCell<Destination>,
    /// None cannot be read.
    pub trailer_names: RefCell<Option<Vec<String>>>,
    /// What comes of a change.
    pub change: Cell<Change>,
    /// Those that are delivered, by the place of their subscription.
    pub secrets: Vec<Vec<u8>>,
    /// How long each part of the body was that was read.
    pub reads: RefCell<Vec<usize>>,
    /// The call that panics, by its name.
    pub panics_at: Cell<Option<&'static str>>,
    calls: RefCell<Vec<Call>>,
}

impl FakeHost {
    /// At a time, with a body.
    pub fn new(now: Duration, body: &[u8]) -> Self {
        let body = RefCell::new(Some(body.to_vec()));
        Self { now: Cell::new(now), body, ..Self::default() }
    }

    /// What it was asked to do since the last time, in order.
    pub fn take_calls(&self) -> Vec<Call> {
        self.calls.take()
    }

    fn may_panic(&self, call: &'static str) {
        assert_ne!(self.panics_at.get(), Some(call), "as it was told to");
    }

    fn note(&self, call: Call) {
        self.calls.borrow_mut().push(call);
    }
}

impl Host for FakeHost {
    fn now(&self) -> Duration {
        self.may_panic("now");
        self.now.get()
    }

    fn body(&self, length: usize) -> Option<Vec<u8>> {
        self.reads.borrow_mut().push(length);
        Some(self.body.borrow().as_ref()?.get(..length)?.to_vec())
    }

    fn is_head_gone(&self) -> bool {
        self.is_head_gone.get()
    }

    fn secret(&self, place: usize) -> Option<&[u8]> {
        self.secrets.get(place).map(Vec::as_slice)
    }

    fn destination(&self) -> Destination {
        self.destination.borrow().clone()
    }

    fn trailer_names(&self) -> Option<Vec<String>> {
        self.trailer_names.borrow().clone()
    }

    fn upstream_status(&self) -> Option<u16> {
        self.may_panic("upstream_status");
        self.upstream_status.get()
    }

    fn add(&self, counter: Series, count: usize) {
        self.may_panic("add");
        self.note(Call::Add(counter, count));
    }

    fn record(&self, series: Series, value: u64) {
        self.may_panic("record");
        self.note(Call::Record(series, value));
    }

    fn set_filter_state(&self, key: &'static str, value: &str) {
        self.may_panic("set_filter_state");
        self.note(Call::FilterState(key, value.to_owned()));
    }

    fn warn(&self, line: &str) {
        self.may_panic("warn");
        self.note(Call::Warn(line.to_owned()));
    }

    fn error(&self, line: &str) {
        self.may_panic("error");
        self.note(Call::Error(line.to_owned()));
    }

    fn remedy(&self, warning: Warning) -> &'static str {
        match warning {
            Warning::Unverified => "remedy of an unverified request",
            Warning::Starved => "remedy of a starved request",
            Warning::Leaked => "remedy of a leaked head",
        }
    }

    fn answer(&self, answer: &Answer) {
        self.note(Call::Answer(answer.clone()));
    }

    fn change(&self, forward: &Forward) -> Change {
        self.may_panic("change");
        self.note(Call::Change(forward.clone()));
        self.change.get()
    }

    fn drop_trailers(&self) {
        self.note(Call::DropTrailers);
    }

    fn remove_trailers(&self, names: &[String]) {
        self.note(Call::RemoveTrailers(names.to_vec()));
    }
}
