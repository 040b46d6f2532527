//! An Envoy that only remembers: the callbacks of `callbacks`, over plain vectors, and the hooks of
//! `exports`, as Envoy calls them.

use std::ffi::{CStr, c_void};
use std::{ptr, slice};

use super::callbacks::{ChangeFromConfiguration, SubscribeToSecret, ValueOfSecret};
use super::exports::*;
use super::{Buffer, EnvoyConfiguration, EnvoyStream, RawHeader, Status};

/// Name and value: Envoy lets any bytes but a few into the latter.
pub(crate) type Header = (String, Vec<u8>);

/// One Envoy with one request. A pointer to it is what the hooks get.
#[derive(Debug, Default)]
pub(crate) struct Envoy {
    pub(crate) headers: Vec<Header>,
    pub(crate) trailers: Vec<Header>,
    pub(crate) received: Vec<u8>,
    pub(crate) buffered: Vec<u8>,
    /// What is received is what was held back before.
    pub(crate) is_shared: bool,
    /// What is received is there in the hook that brings it, and nowhere else.
    pub(crate) in_body_hook: bool,
    pub(crate) response: Option<(u32, String)>,
    /// How much the access log had been told by then.
    pub(crate) states_at_response: usize,
    pub(crate) log: Vec<String>,
    pub(crate) states: Vec<(String, String)>,
    pub(crate) metrics: Vec<String>,
    pub(crate) counts: Vec<(usize, Vec<String>, u64)>,
    /// The secrets that there are, by name; one that is static has no source.
    pub(crate) secrets: Vec<Secret>,
    /// How often it was asked to call back.
    pub(crate) callbacks: usize,
    /// An Envoy before 1.40.
    pub(crate) is_old: bool,
    /// How long a body may be that it holds back; 0 is no bound.
    pub(crate) buffer_limit: u64,
}

/// A generic secret of Envoy's.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) value: Vec<u8>,
}

thread_local! {
    /// Whether the Envoy whose hook is running is an old one: a look-up has no pointer either.
    static IS_OLD: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
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
        let header = self.headers.iter().find(|(own, _)| own == name);
        header.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
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

    /// The value that a gauge was set to last.
    pub(crate) fn gauge(&self, metric: &str) -> Option<u64> {
        let last = self.counts.iter().rev().find(|(id, ..)| self.metrics[*id] == metric);
        last.map(|(.., value)| *value)
    }

    fn pointer(&mut self) -> *mut c_void {
        ptr::from_mut(self).cast()
    }

    /// Calls a hook and collects what it logged.
    fn call<T>(&mut self, hook: impl FnOnce(*mut c_void) -> T) -> T {
        IS_OLD.set(self.is_old);
        let result = hook(self.pointer());
        self.log.extend(LOG.take());
        result
    }

    fn body(&mut self, part: u32) -> &mut Vec<u8> {
        if part == 0 { &mut self.received } else { &mut self.buffered }
    }

    fn map(&mut self, map: u32) -> &mut Vec<Header> {
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

/// Calls back, as it was asked to.
pub(crate) fn call_back(envoy: &mut Envoy, plugin: *const c_void) {
    envoy.call(|envoy| envoy_dynamic_module_on_http_filter_config_scheduled(envoy, plugin, 0));
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

/// The callbacks of later releases.
pub(super) fn later(name: &CStr) -> *mut c_void {
    let subscribe: SubscribeToSecret = subscribe;
    let value: ValueOfSecret = value_of_secret;
    let change_counter: ChangeFromConfiguration =
        envoy_dynamic_module_callback_http_filter_increment_counter;
    let change_gauge: ChangeFromConfiguration = envoy_dynamic_module_callback_http_filter_set_gauge;
    match name.to_str().unwrap().strip_prefix("envoy_dynamic_module_callback_http_filter_") {
        _ if IS_OLD.get() => ptr::null_mut(),
        Some("config_generic_secret_subscribe") => subscribe as *mut c_void,
        Some("config_get_generic_secret" | "get_generic_secret") => value as *mut c_void,
        Some("config_increment_counter") => change_counter as *mut c_void,
        Some("config_set_gauge") => change_gauge as *mut c_void,
        Some("config_scheduler_new") => new_scheduler as *mut c_void,
        Some("config_scheduler_commit") => commit_scheduler as *mut c_void,
        Some("config_scheduler_delete") => delete_scheduler as *mut c_void,
        other => panic!("{other:?} is no callback"),
    }
}

unsafe extern "C" fn new_scheduler(at: EnvoyConfiguration) -> *mut c_void {
    Box::into_raw(Box::new(at)).cast()
}

unsafe extern "C" fn commit_scheduler(scheduler: *mut c_void, _event: u64) {
    // SAFETY: the scheduler is one of `new_scheduler`'s, of the hook that is running.
    unsafe { envoy(*scheduler.cast::<EnvoyConfiguration>()).callbacks += 1 };
}

unsafe extern "C" fn delete_scheduler(scheduler: *mut c_void) {
    // SAFETY: the scheduler is one of `new_scheduler`'s, and given back once.
    drop(unsafe { Box::from_raw(scheduler.cast::<EnvoyConfiguration>()) });
}

unsafe extern "C" fn subscribe(at: EnvoyConfiguration, name: Buffer, source: Buffer) -> usize {
    // SAFETY: the hook that is running gave all of them.
    let (envoy, name, source) = unsafe { (envoy(at), text(name), text(source)) };
    let found = envoy.secrets.iter().position(|own| own.name == name && own.source == source);
    found.map_or(0, |place| place + 1)
}

unsafe extern "C" fn value_of_secret(at: *mut c_void, number: usize, value: *mut Buffer) -> bool {
    // SAFETY: the hook that is running gave all of them.
    unsafe {
        match envoy(at).secrets.get(number.wrapping_sub(1)) {
            Some(secret) => {
                value.write(Buffer::of(&secret.value));
                true
            }
            None => false,
        }
    }
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
            let (name, value) = (Buffer::of(name.as_bytes()), Buffer::of(value));
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
            headers.push((name, value.bytes().to_vec()));
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
        envoy.states_at_response = envoy.states.len();
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
    stream: EnvoyStream,
) -> u64 {
    // SAFETY: the hook that is running gave the stream.
    unsafe { envoy(stream) }.buffer_limit
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
