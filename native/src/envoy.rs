//! Envoy as a host of the core: one request in one hook, and the metrics of its plugin.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use webhook::exchange::Forward;
use webhook::http::header_name;
use webhook::metrics::{self, Series};
use webhook::port::{self, Change, Host, Warning};
use webhook::reject::Answer;
use webhook::repeats::Destination;

use crate::abi::{self, Attribute, Body, Configuration, Kind, Level, SecretId, Stream};

/// The ids of a plugin's metrics, by the place of each series; the series of one metric share it.
#[derive(Debug)]
pub(crate) struct Metrics {
    ids: Vec<Option<usize>>,
    /// Whether repeats are remembered.
    remembers: bool,
}

impl Metrics {
    /// Defines every metric once.
    pub(crate) fn define(configuration: Configuration<'_>, remembers: bool) -> Self {
        let mut ids = Vec::new();
        let mut last: Option<(&str, Option<usize>)> = None;
        for series in Series::all() {
            let names: Vec<_> = series.labels().map(|(name, _)| name).collect();
            let id = match last {
                Some((name, id)) if name == series.name() => id,
                _ => configuration.define(kind(series), series.name(), &names),
            };
            last = Some((series.name(), id));
            ids.push(id);
        }
        Self { ids, remembers }
    }

    fn id(&self, series: Series) -> Option<usize> {
        self.ids.get(series.index()).copied().flatten()
    }
}

/// What Envoy calls what a plugin has asked it for.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) metrics: Metrics,
    /// Of the secrets that it delivers, by the place of their subscription.
    pub(crate) secrets: Vec<SecretId>,
}

const fn kind(series: Series) -> Kind {
    match series.kind() {
        metrics::Kind::Counter => Kind::Counter,
        metrics::Kind::Gauge => Kind::Gauge,
        metrics::Kind::Histogram => Kind::Histogram,
    }
}

/// Where a host's calls come from.
#[derive(Clone, Copy)]
enum Place<'a> {
    Configuration(Configuration<'a>),
    Stream(Stream<'a>),
}

/// Envoy, in one hook.
#[derive(Clone, Copy)]
pub(crate) struct Envoy<'a> {
    place: Place<'a>,
    names: &'a Names,
}

impl<'a> Envoy<'a> {
    /// While a plugin is configured.
    pub(crate) const fn configuring(at: Configuration<'a>, names: &'a Names) -> Self {
        Self { place: Place::Configuration(at), names }
    }

    /// While a request is in hand.
    pub(crate) const fn serving(stream: Stream<'a>, names: &'a Names) -> Self {
        Self { place: Place::Stream(stream), names }
    }

    /// Brings every counter's series into being, before it counts: a rate sees no first value.
    /// Before 1.39, Envoy lets no configuration do that.
    pub(crate) fn begin_counters(&self) {
        let is_used = |series: &Series| series.is_used(self.names.metrics.remembers);
        let counters = Series::all().filter(|series| kind(*series) == Kind::Counter);
        counters.filter(is_used).for_each(|series| self.change_metric(series, 0));
    }

    /// Panics where the module is made for that, and the request asks for it.
    #[allow(clippy::unused_self, reason = "it is used where the module is made for that")]
    fn may_panic(&self, call: &str) {
        #[cfg(feature = "panicking")]
        if let Some(stream) = self.stream() {
            crate::panicking::where_asked(stream, call);
        }
        let _ = call;
    }

    const fn stream(&self) -> Option<Stream<'a>> {
        match self.place {
            Place::Stream(stream) => Some(stream),
            Place::Configuration(_) => None,
        }
    }

    fn change_metric(&self, series: Series, amount: u64) {
        let Some(id) = self.names.metrics.id(series) else { return };
        let values: Vec<_> = series.labels().map(|(_, value)| value).collect();
        match self.place {
            Place::Configuration(at) => at.change(kind(series), id, &values, amount),
            Place::Stream(stream) => stream.change(kind(series), id, &values, amount),
        }
    }
}

/// How long the body is that is there by now, and in which parts.
pub(crate) fn body_parts(stream: Stream<'_>) -> (&'static [Body], usize) {
    let received = stream.body_size(Body::Received);
    if received > 0 && stream.received_is_buffered() {
        return (&[Body::Received], received);
    }
    let buffered = stream.body_size(Body::Buffered);
    (&[Body::Buffered, Body::Received], buffered.saturating_add(received))
}

/// Puts another body in the place of the one that is there; whether Envoy took it.
fn replace_body(stream: Stream<'_>, body: &[u8]) -> bool {
    let (parts, _) = body_parts(stream);
    let mut is_replaced = false;
    // The last part that there is takes all of it; the others are emptied.
    for part in parts.iter().rev() {
        let is_there = stream.drain_body(*part);
        is_replaced = is_replaced || (is_there && stream.append_body(*part, body));
    }
    is_replaced
}

impl Host for Envoy<'_> {
    fn now(&self) -> Duration {
        self.may_panic("now");
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn body(&self, length: usize) -> Option<Vec<u8>> {
        self.may_panic("body");
        let stream = self.stream()?;
        let (parts, size) = body_parts(stream);
        let mut bytes = Vec::with_capacity(size);
        let is_given = parts.iter().all(|part| stream.read_body(*part, &mut bytes));
        (is_given && bytes.len() == length).then_some(bytes)
    }

    /// This host holds heads itself; a configuration that wants otherwise is refused.
    fn is_head_gone(&self) -> bool {
        false
    }

    fn secret(&self, place: usize) -> Option<&[u8]> {
        let id = *self.names.secrets.get(place)?;
        match self.place {
            Place::Configuration(at) => at.secret(id),
            Place::Stream(stream) => stream.secret(id),
        }
    }

    fn destination(&self) -> Destination {
        let known = |attribute| {
            let text = self.stream().and_then(|stream| stream.text(attribute));
            text.unwrap_or_default().to_vec()
        };
        Destination {
            route: known(Attribute::XdsRouteName),
            cluster: known(Attribute::XdsClusterName),
        }
    }

    fn trailer_names(&self) -> Option<Vec<String>> {
        let trailers = self.stream()?.trailers()?.into_iter();
        Some(trailers.map(|(name, _)| header_name(name).to_owned()).collect())
    }

    fn upstream_status(&self) -> Option<u16> {
        self.may_panic("upstream_status");
        let stream = self.stream()?;
        let details = stream.text(Attribute::ResponseCodeDetails)?;
        port::upstream_status(stream.integer(Attribute::ResponseCode)?, details)
    }

    fn add(&self, counter: Series, count: usize) {
        self.change_metric(counter, u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn record(&self, series: Series, value: u64) {
        self.change_metric(series, value);
    }

    fn set_filter_state(&self, key: &'static str, value: &str) {
        self.may_panic("set_filter_state");
        if let Some(stream) = self.stream() {
            stream.set_filter_state(key, value);
        }
    }

    fn warn(&self, line: &str) {
        abi::log(Level::Warning, line);
    }

    fn error(&self, line: &str) {
        abi::log(Level::Error, line);
    }

    fn remedy(&self, warning: Warning) -> &'static str {
        match warning {
            Warning::Unverified => "please report it",
            Warning::Starved => "something before this filter keeps their bodies",
            Warning::Leaked => "leave hold_headers out",
        }
    }

    fn answer(&self, answer: &Answer) {
        if let Some(stream) = self.stream() {
            let headers: Vec<_> = answer.headers().collect();
            stream.send_response(answer.status, &headers, answer.body.as_bytes());
        }
    }

    /// Envoy refuses a body that is above its bound once it goes on, too late to count it as that.
    /// It has no bound for one that it has not held back, whose end came in its first part.
    fn change(&self, forward: &Forward) -> Change {
        let Some(stream) = self.stream() else { return Change::Failed };
        if let Some(body) = &forward.body {
            let bound = stream.buffer_limit();
            let is_held = stream.body_size(Body::Buffered) > 0;
            let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
            if is_held && bound > 0 && length > bound {
                return Change::NoRoom;
            }
            if !replace_body(stream, body) {
                return Change::Failed;
            }
        }
        for name in &forward.remove {
            stream.set_header(name, None);
        }
        for (name, value) in &forward.set {
            stream.set_header(name, Some(value));
        }
        Change::Made
    }

    fn drop_trailers(&self) {
        if let Some(stream) = self.stream() {
            let trailers = stream.trailers().unwrap_or_default();
            // Not Envoy's own memory: it changes as they go.
            let names: Vec<_> = trailers.into_iter().map(|(name, _)| name.to_vec()).collect();
            for name in &names {
                stream.remove_trailer(name);
            }
        }
    }

    fn remove_trailers(&self, names: &[String]) {
        if let Some(stream) = self.stream() {
            for name in names {
                stream.remove_trailer(name.as_bytes());
            }
        }
    }
}
