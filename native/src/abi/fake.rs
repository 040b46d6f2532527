//! An Envoy that only remembers: the callbacks of `callbacks`, over plain vectors, and the hooks of
//! `exports`, as Envoy calls them.

use std::ffi::c_void;
use std::{ptr, slice};

use super::exports::*;
use super::{Buffer, EnvoyConfiguration, EnvoyStream, RawHeader, Status};

/// One Envoy with one request. A pointer to it is what the hooks get.
#[derive(Debug, Default)]
pub(crate) struct Envoy {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) received: Vec<u8>,
    pub(crate) buffered: Vec<u8>,
    /// What is received is what was held back before.
    pub(crate) is_shared: bool,
    /// What is received is there in the hook that brings it, and nowhere else.
    pub(crate) in_body_hook: bool,
    pub(crate) response: Option<(u32, String)>,
    pub(crate) log: Vec<String>,
    pub(crate) states: Vec<(String, String)>,
    pub(crate) metrics: Vec<String>,
    pub(crate) counts: Vec<(usize, Vec<String>, u64)>,
}

thread_local! {
    /// Where log lines go: that callback has no pointer of its own.
    static LOG: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Envoy {
    /// A part of the body arrives.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.received = bytes.to_vec();
    }

    /// What was received is held back.
    pub(crate) fn keep(&mut self) {
        self.buffered.append(&mut self.received);
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn state(&self, key: &str) -> Option<&str> {
        self.states.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn count(&self, metric: &str, values: &[&str]) -> u64 {
        let own = |(id, labels, _): &&(usize, Vec<String>, u64)| {
            self.metrics[*id] == metric && labels == values
        };
        self.counts.iter().filter(own).map(|(_, _, amount)| amount).sum()
    }

    fn pointer(&mut self) -> *mut c_void {
        ptr::from_mut(self).cast()
    }

    /// Calls a hook and collects what it logged.
    fn call<T>(&mut self, hook: impl FnOnce(*mut c_void) -> T) -> T {
        let result = hook(self.pointer());
        self.log.extend(LOG.take());
        result
    }

    fn body(&mut self, part: u32) -> &mut Vec<u8> {
        if part == 0 { &mut self.received } else { &mut self.buffered }
    }

    fn map(&mut self, map: u32) -> &mut Vec<(String, String)> {
        if map == 0 { &mut self.headers } else { &mut self.trailers }
    }
}

pub(crate) fn initialise() {
    assert!(!envoy_dynamic_module_on_program_init().is_null());
}

pub(crate) fn configure(envoy: &mut Envoy, text: &[u8]) -> *const c_void {
    let text = Buffer::of(text);
    envoy.call(|envoy| envoy_dynamic_module_on_http_filter_config_new(envoy, Buffer::EMPTY, text))
}

pub(crate) fn destroy_configuration(plugin: *const c_void) {
    envoy_dynamic_module_on_http_filter_config_destroy(plugin);
}

pub(crate) fn request(plugin: *const c_void) -> *const c_void {
    envoy_dynamic_module_on_http_filter_new(plugin, ptr::null_mut())
}

pub(crate) fn destroy(request: *const c_void) {
    envoy_dynamic_module_on_http_filter_destroy(request);
}

pub(crate) fn headers(envoy: &mut Envoy, request: *const c_void, end: bool) -> Status {
    let hook = envoy_dynamic_module_on_http_filter_request_headers;
    status(envoy.call(|envoy| hook(envoy, request, end)))
}

pub(crate) fn body(envoy: &mut Envoy, request: *const c_void, end: bool) -> Status {
    let hook = envoy_dynamic_module_on_http_filter_request_body;
    envoy.in_body_hook = true;
    let status = status(envoy.call(|envoy| hook(envoy, request, end)));
    envoy.in_body_hook = false;
    status
}

pub(crate) fn trailers(envoy: &mut Envoy, request: *const c_void) -> Status {
    let hook = envoy_dynamic_module_on_http_filter_request_trailers;
    status(envoy.call(|envoy| hook(envoy, request)))
}

pub(crate) fn complete(envoy: &mut Envoy, request: *const c_void) {
    let hook = envoy_dynamic_module_on_http_filter_stream_complete;
    envoy.call(|envoy| hook(envoy, request));
}

/// A hook that panics.
pub(crate) fn panicking(envoy: &mut Envoy, request: *const c_void) -> Status {
    envoy.call(|envoy| call(envoy, request, |_, _| panic!("a patient's name")))
}

fn status(number: u32) -> Status {
    match number {
        0 => Status::Continue,
        1 => Status::Hold,
        3 => Status::Drop,
        other => panic!("a status of {other}"),
    }
}

/// The Envoy behind a pointer.
///
/// # Safety
///
/// It is a pointer that [`Envoy::call`] gave to the hook that is running.
unsafe fn envoy<'a>(pointer: *mut c_void) -> &'a mut Envoy {
    // SAFETY: as this function demands; the hook has no other reference to it.
    unsafe { pointer.cast::<Envoy>().as_mut() }.unwrap()
}

/// The text of a module's buffer.
///
/// # Safety
///
/// It is readable.
unsafe fn text(buffer: Buffer) -> String {
    // SAFETY: as this function demands.
    String::from_utf8(unsafe { buffer.bytes() }.to_vec()).unwrap()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_log(_level: u32, line: Buffer) {
    // SAFETY: the module's line is readable.
    let line = unsafe { text(line) };
    LOG.with_borrow_mut(|log| log.push(line));
}

/// The three callbacks that define a metric, and the three that change one.
macro_rules! metrics {
    ($($define:ident)* ; $($change:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $define(
                at: EnvoyConfiguration,
                name: Buffer,
                _labels: *const Buffer,
                _labels_length: usize,
                id: *mut usize,
            ) -> u32 {
                // SAFETY: the hook that is running gave all of them.
                unsafe {
                    let envoy = envoy(at);
                    *id = envoy.metrics.len();
                    envoy.metrics.push(text(name));
                }
                0
            }
        )*
        $(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $change(
                stream: EnvoyStream,
                id: usize,
                values: *const Buffer,
                values_length: usize,
                amount: u64,
            ) -> u32 {
                // SAFETY: the hook that is running gave all of them.
                unsafe {
                    let values = slice::from_raw_parts(values, values_length);
                    let values = values.iter().map(|value| text(*value)).collect();
                    envoy(stream).counts.push((id, values, amount));
                }
                0
            }
        )*
    };
}

metrics! {
    envoy_dynamic_module_callback_http_filter_config_define_counter
    envoy_dynamic_module_callback_http_filter_config_define_gauge
    envoy_dynamic_module_callback_http_filter_config_define_histogram
    ;
    envoy_dynamic_module_callback_http_filter_increment_counter
    envoy_dynamic_module_callback_http_filter_set_gauge
    envoy_dynamic_module_callback_http_filter_record_histogram_value
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_headers_size(
    stream: EnvoyStream,
    map: u32,
) -> usize {
    // SAFETY: the hook that is running gave the stream.
    unsafe { envoy(stream) }.map(map).len()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_headers(
    stream: EnvoyStream,
    map: u32,
    headers: *mut RawHeader,
) -> bool {
    // SAFETY: the hook that is running gave the stream, and the module has that many places.
    unsafe {
        for (index, (name, value)) in envoy(stream).map(map).iter().enumerate() {
            let (name, value) = (Buffer::of(name.as_bytes()), Buffer::of(value.as_bytes()));
            headers.add(index).write(RawHeader { name, value });
        }
    }
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_set_header(
    stream: EnvoyStream,
    map: u32,
    name: Buffer,
    value: Buffer,
) -> bool {
    // SAFETY: the hook that is running gave all of them.
    unsafe {
        let name = text(name);
        let headers = envoy(stream).map(map);
        headers.retain(|(own, _)| *own != name);
        if !value.bytes.is_null() {
            headers.push((name, text(value)));
        }
    }
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_send_response(
    stream: EnvoyStream,
    status: u32,
    _headers: *const RawHeader,
    _headers_length: usize,
    body: Buffer,
    _details: Buffer,
) {
    // SAFETY: the hook that is running gave all of them.
    unsafe {
        let envoy = envoy(stream);
        assert_eq!(envoy.response, None, "one answer");
        envoy.response = Some((status, text(body)));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_body_size(
    stream: EnvoyStream,
    part: u32,
) -> usize {
    // SAFETY: the hook that is running gave the stream.
    unsafe { envoy(stream) }.body(part).len()
}

/// Envoy's bodies lie in slices: here each byte in one of its own, up to eight, then the rest.
fn chunks(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (first, rest) = body.split_at(body.len().min(8));
    first.chunks(1).chain((!rest.is_empty()).then_some(rest))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_body_chunks_size(
    stream: EnvoyStream,
    part: u32,
) -> usize {
    // SAFETY: the hook that is running gave the stream.
    chunks(unsafe { envoy(stream) }.body(part)).count()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_body_chunks(
    stream: EnvoyStream,
    part: u32,
    places: *mut Buffer,
) -> bool {
    // SAFETY: the hook that is running gave the stream, and the module has that many places.
    unsafe {
        for (index, chunk) in chunks(envoy(stream).body(part)).enumerate() {
            places.add(index).write(Buffer::of(chunk));
        }
    }
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_drain_body(
    stream: EnvoyStream,
    part: u32,
    bytes: usize,
) -> bool {
    // SAFETY: the hook that is running gave the stream.
    let envoy = unsafe { envoy(stream) };
    let is_there = part == 1 || envoy.in_body_hook;
    if is_there {
        let body = envoy.body(part);
        body.drain(..bytes.min(body.len()));
    }
    is_there
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_append_body(
    stream: EnvoyStream,
    part: u32,
    bytes: Buffer,
) -> bool {
    // SAFETY: the hook that is running gave both.
    let (envoy, bytes) = unsafe { (envoy(stream), bytes.bytes()) };
    let is_there = part == 1 || envoy.in_body_hook;
    if is_there {
        envoy.body(part).extend_from_slice(bytes);
    }
    is_there
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_received_buffered_request_body(
    stream: EnvoyStream,
) -> bool {
    // SAFETY: the hook that is running gave the stream.
    unsafe { envoy(stream) }.is_shared
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_get_buffer_limit(
    _stream: EnvoyStream,
) -> u64 {
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_set_filter_state_bytes(
    stream: EnvoyStream,
    key: Buffer,
    value: Buffer,
) -> bool {
    // SAFETY: the hook that is running gave all of them.
    unsafe { envoy(stream).states.push((text(key), text(value))) };
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_get_attribute_string(
    _stream: EnvoyStream,
    _attribute: u32,
    _value: *mut Buffer,
) -> bool {
    false
}

#[unsafe(no_mangle)]
unsafe extern "C" fn envoy_dynamic_module_callback_http_filter_get_attribute_int(
    _stream: EnvoyStream,
    _attribute: u32,
    _value: *mut u64,
) -> bool {
    false
}
