//! Envoy's callbacks, safe: what Envoy owns lives no longer than the hook in which it was given.

use std::marker::PhantomData;

use super::callbacks::{
    Change, change_from_configuration, envoy_dynamic_module_callback_http_append_body,
    envoy_dynamic_module_callback_http_drain_body,
    envoy_dynamic_module_callback_http_filter_config_define_counter,
    envoy_dynamic_module_callback_http_filter_config_define_gauge,
    envoy_dynamic_module_callback_http_filter_config_define_histogram,
    envoy_dynamic_module_callback_http_filter_get_attribute_int,
    envoy_dynamic_module_callback_http_filter_get_attribute_string,
    envoy_dynamic_module_callback_http_filter_increment_counter,
    envoy_dynamic_module_callback_http_filter_record_histogram_value,
    envoy_dynamic_module_callback_http_filter_set_gauge,
    envoy_dynamic_module_callback_http_get_body_chunks,
    envoy_dynamic_module_callback_http_get_body_chunks_size,
    envoy_dynamic_module_callback_http_get_body_size,
    envoy_dynamic_module_callback_http_get_buffer_limit,
    envoy_dynamic_module_callback_http_get_headers,
    envoy_dynamic_module_callback_http_get_headers_size,
    envoy_dynamic_module_callback_http_received_buffered_request_body,
    envoy_dynamic_module_callback_http_send_response,
    envoy_dynamic_module_callback_http_set_filter_state_bytes,
    envoy_dynamic_module_callback_http_set_header, envoy_dynamic_module_callback_log,
};
use super::{
    Attribute, Body, Buffer, EnvoyConfiguration, EnvoyStream, Level, REQUEST_HEADERS,
    REQUEST_TRAILERS, RawHeader,
};

/// Writes a line to Envoy's log.
pub(crate) fn log(level: Level, line: &str) {
    // SAFETY: the line is readable during the call.
    unsafe { envoy_dynamic_module_callback_log(number(level), Buffer::of(line.as_bytes())) }
}

#[expect(clippy::as_conversions, reason = "a fieldless enum of this number")]
const fn number(level: Level) -> u32 {
    level as u32
}

/// A filter's configuration, in the hook that makes it.
#[derive(Clone, Copy)]
pub(crate) struct Configuration<'hook>(pub(super) EnvoyConfiguration, PhantomData<&'hook ()>);

/// How a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Configuration<'_> {
    /// The configuration of the hook that is running, which it does not outlive.
    pub(super) const fn in_hook(configuration: EnvoyConfiguration) -> Self {
        Self(configuration, PhantomData)
    }

    /// Defines a metric with these labels; its id.
    pub(crate) fn define(self, kind: Kind, name: &str, labels: &[&str]) -> Option<usize> {
        let labels: Vec<_> = labels.iter().map(|label| Buffer::of(label.as_bytes())).collect();
        let (name, length, mut id) = (Buffer::of(name.as_bytes()), labels.len(), 0);
        let labels = labels.as_ptr();
        // SAFETY: name and labels are readable and the id writable during the call, and the
        // configuration lives as long as the hook.
        let result = unsafe {
            match kind {
                Kind::Counter => envoy_dynamic_module_callback_http_filter_config_define_counter(
                    self.0,
                    name,
                    labels,
                    length,
                    &raw mut id,
                ),
                Kind::Gauge => envoy_dynamic_module_callback_http_filter_config_define_gauge(
                    self.0,
                    name,
                    labels,
                    length,
                    &raw mut id,
                ),
                Kind::Histogram => {
                    envoy_dynamic_module_callback_http_filter_config_define_histogram(
                        self.0,
                        name,
                        labels,
                        length,
                        &raw mut id,
                    )
                }
            }
        };
        (result == 0).then_some(id)
    }

    /// Whether this Envoy lets a configuration change metrics: 1.39 and later.
    #[expect(clippy::unused_self, reason = "it is asked of the Envoy that configures")]
    pub(crate) fn can_change_metrics(self) -> bool {
        change_from_configuration(Change::Gauge).is_some()
    }

    /// Adds to a counter or sets a gauge, where this Envoy lets a configuration do that.
    pub(crate) fn change(self, kind: Kind, id: usize, values: &[&str], amount: u64) {
        let change = match kind {
            Kind::Counter => Change::Counter,
            Kind::Gauge => Change::Gauge,
            Kind::Histogram => return,
        };
        let Some(callback) = change_from_configuration(change) else { return };
        let values: Vec<_> = values.iter().map(|value| Buffer::of(value.as_bytes())).collect();
        // SAFETY: the values are readable during the call, and the configuration lives as long as
        // the hook. A metric that fails is no reason to fail.
        let _ = unsafe { callback(self.0, id, values.as_ptr(), values.len(), amount) };
    }
}

/// A request, in one of its hooks.
#[derive(Clone, Copy)]
pub(crate) struct Stream<'hook>(pub(super) EnvoyStream, PhantomData<&'hook ()>);

impl<'hook> Stream<'hook> {
    /// The stream of the hook that is running, which it does not outlive.
    pub(super) const fn in_hook(stream: EnvoyStream) -> Self {
        Self(stream, PhantomData)
    }

    /// The request's headers, names and values; `None` where Envoy does not give them.
    pub(crate) fn headers(self) -> Option<Vec<(&'hook [u8], &'hook [u8])>> {
        self.pairs(REQUEST_HEADERS)
    }

    fn pairs(self, map: u32) -> Option<Vec<(&'hook [u8], &'hook [u8])>> {
        let empty = RawHeader { name: Buffer::EMPTY, value: Buffer::EMPTY };
        // SAFETY: the stream lives as long as the hook, and the vector has as many places as Envoy
        // says that there are pairs; nothing changes them in between.
        let pairs = unsafe {
            let size = envoy_dynamic_module_callback_http_get_headers_size(self.0, map);
            let mut pairs = vec![empty; size];
            envoy_dynamic_module_callback_http_get_headers(self.0, map, pairs.as_mut_ptr())
                .then_some(pairs)
        }?;
        // SAFETY: Envoy's maps stay where they are until they are changed or the hook ends; the
        // host copies what it keeps and changes none before it is done with these.
        let pair = |pair: RawHeader| unsafe { (pair.name.bytes(), pair.value.bytes()) };
        Some(pairs.into_iter().map(pair).collect())
    }

    /// Sets a header in place of all by its name; `None` removes them.
    pub(crate) fn set_header(self, name: &str, value: Option<&str>) {
        let value = value.map_or(Buffer::EMPTY, |value| Buffer::of(value.as_bytes()));
        self.set(REQUEST_HEADERS, name.as_bytes(), value);
    }

    /// Removes a trailer.
    pub(crate) fn remove_trailer(self, name: &[u8]) {
        self.set(REQUEST_TRAILERS, name, Buffer::EMPTY);
    }

    /// The request's trailers, names and values; `None` where Envoy does not give them.
    pub(crate) fn trailers(self) -> Option<Vec<(&'hook [u8], &'hook [u8])>> {
        self.pairs(REQUEST_TRAILERS)
    }

    fn set(self, map: u32, name: &[u8], value: Buffer) {
        // SAFETY: name and value are readable during the call.
        unsafe {
            envoy_dynamic_module_callback_http_set_header(self.0, map, Buffer::of(name), value);
        }
    }

    /// How long a part of the body is.
    pub(crate) fn body_size(self, body: Body) -> usize {
        // SAFETY: the stream lives as long as the hook.
        unsafe { envoy_dynamic_module_callback_http_get_body_size(self.0, part(body)) }
    }

    /// Whether what a hook brings is what was held back before, and not more of it: so where
    /// another filter held it.
    pub(crate) fn received_is_buffered(self) -> bool {
        // SAFETY: the stream lives as long as the hook.
        unsafe { envoy_dynamic_module_callback_http_received_buffered_request_body(self.0) }
    }

    /// Adds a part of the body to `bytes`; whether Envoy gave it.
    pub(crate) fn read_body(self, body: Body, bytes: &mut Vec<u8>) -> bool {
        let body = part(body);
        // SAFETY: the stream lives as long as the hook, the vector has as many places as Envoy says
        // that there are chunks, and these are copied before anything changes them.
        unsafe {
            let size = envoy_dynamic_module_callback_http_get_body_chunks_size(self.0, body);
            if size == 0 {
                return true;
            }
            let mut chunks = vec![Buffer::EMPTY; size];
            let is_given = envoy_dynamic_module_callback_http_get_body_chunks(
                self.0,
                body,
                chunks.as_mut_ptr(),
            );
            if is_given {
                for chunk in chunks {
                    bytes.extend_from_slice(chunk.bytes());
                }
            }
            is_given
        }
    }

    /// Empties a part of the body; whether there is one.
    pub(crate) fn drain_body(self, body: Body) -> bool {
        // SAFETY: the stream lives as long as the hook.
        unsafe { envoy_dynamic_module_callback_http_drain_body(self.0, part(body), usize::MAX) }
    }

    /// Adds to a part of the body; whether there is one.
    pub(crate) fn append_body(self, body: Body, bytes: &[u8]) -> bool {
        // SAFETY: the bytes are readable during the call.
        unsafe {
            envoy_dynamic_module_callback_http_append_body(self.0, part(body), Buffer::of(bytes))
        }
    }

    /// How long a body may be that Envoy holds back; 0 is no bound.
    pub(crate) fn buffer_limit(self) -> u64 {
        // SAFETY: the stream lives as long as the hook.
        unsafe { envoy_dynamic_module_callback_http_get_buffer_limit(self.0) }
    }

    /// Answers the request.
    pub(crate) fn send_response(self, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let raw = |(name, value): &(&str, &str)| RawHeader {
            name: Buffer::of(name.as_bytes()),
            value: Buffer::of(value.as_bytes()),
        };
        let headers: Vec<_> = headers.iter().map(raw).collect();
        let details = Buffer::of(b"junction_webhook");
        // SAFETY: headers, body and details are readable during the call.
        unsafe {
            envoy_dynamic_module_callback_http_send_response(
                self.0,
                u32::from(status),
                headers.as_ptr(),
                headers.len(),
                Buffer::of(body),
                details,
            );
        }
    }

    /// Sets filter state.
    pub(crate) fn set_filter_state(self, key: &str, value: &str) {
        let (key, value) = (Buffer::of(key.as_bytes()), Buffer::of(value.as_bytes()));
        // SAFETY: key and value are readable during the call.
        unsafe { envoy_dynamic_module_callback_http_set_filter_state_bytes(self.0, key, value) };
    }

    /// What Envoy knows of the request, where that is a text.
    pub(crate) fn text(self, attribute: Attribute) -> Option<&'hook [u8]> {
        let mut value = Buffer::EMPTY;
        // SAFETY: the value is writable during the call, and what it then names is Envoy's, and
        // stays where it is until the hook ends.
        unsafe {
            envoy_dynamic_module_callback_http_filter_get_attribute_string(
                self.0,
                known(attribute),
                &raw mut value,
            )
            .then(|| value.bytes())
        }
    }

    /// What Envoy knows of the request, where that is a number.
    pub(crate) fn integer(self, attribute: Attribute) -> Option<u64> {
        let mut value = 0;
        // SAFETY: the value is writable during the call.
        unsafe {
            envoy_dynamic_module_callback_http_filter_get_attribute_int(
                self.0,
                known(attribute),
                &raw mut value,
            )
        }
        .then_some(value)
    }

    /// Adds to a counter, sets a gauge or adds a sample. One that fails is no reason to fail.
    pub(crate) fn change(self, kind: Kind, id: usize, values: &[&str], amount: u64) {
        // No metric has more labels than two; the others stay empty.
        let mut places = [Buffer::EMPTY; 2];
        for (place, value) in places.iter_mut().zip(values) {
            *place = Buffer::of(value.as_bytes());
        }
        let (values, length) = (places.as_ptr(), values.len().min(places.len()));
        // SAFETY: the values are readable during the call.
        let _ = unsafe {
            match kind {
                Kind::Counter => envoy_dynamic_module_callback_http_filter_increment_counter(
                    self.0, id, values, length, amount,
                ),
                Kind::Gauge => envoy_dynamic_module_callback_http_filter_set_gauge(
                    self.0, id, values, length, amount,
                ),
                Kind::Histogram => {
                    envoy_dynamic_module_callback_http_filter_record_histogram_value(
                        self.0, id, values, length, amount,
                    )
                }
            }
        };
    }
}

#[expect(clippy::as_conversions, reason = "a fieldless enum of this number")]
const fn part(body: Body) -> u32 {
    body as u32
}

#[expect(clippy::as_conversions, reason = "a fieldless enum of this number")]
const fn known(attribute: Attribute) -> u32 {
    attribute as u32
}
