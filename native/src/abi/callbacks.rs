//! The callbacks that Envoy offers.

use std::ffi::{CStr, c_void};

use super::{Buffer, EnvoyConfiguration, EnvoyStream, RawHeader};

unsafe extern "C" {
    pub(super) fn envoy_dynamic_module_callback_log(level: u32, message: Buffer);
    pub(super) fn envoy_dynamic_module_callback_http_filter_config_define_counter(
        configuration: EnvoyConfiguration,
        name: Buffer,
        labels: *const Buffer,
        labels_length: usize,
        id: *mut usize,
    ) -> u32;
    pub(super) fn envoy_dynamic_module_callback_http_filter_config_define_gauge(
        configuration: EnvoyConfiguration,
        name: Buffer,
        labels: *const Buffer,
        labels_length: usize,
        id: *mut usize,
    ) -> u32;
    pub(super) fn envoy_dynamic_module_callback_http_filter_config_define_histogram(
        configuration: EnvoyConfiguration,
        name: Buffer,
        labels: *const Buffer,
        labels_length: usize,
        id: *mut usize,
    ) -> u32;
    pub(super) fn envoy_dynamic_module_callback_http_filter_increment_counter(
        stream: EnvoyStream,
        id: usize,
        values: *const Buffer,
        values_length: usize,
        amount: u64,
    ) -> u32;
    pub(super) fn envoy_dynamic_module_callback_http_filter_set_gauge(
        stream: EnvoyStream,
        id: usize,
        values: *const Buffer,
        values_length: usize,
        amount: u64,
    ) -> u32;
    pub(super) fn envoy_dynamic_module_callback_http_filter_record_histogram_value(
        stream: EnvoyStream,
        id: usize,
        values: *const Buffer,
        values_length: usize,
        amount: u64,
    ) -> u32;
    pub(super) fn envoy_dynamic_module_callback_http_get_headers_size(
        stream: EnvoyStream,
        map: u32,
    ) -> usize;
    pub(super) fn envoy_dynamic_module_callback_http_get_headers(
        stream: EnvoyStream,
        map: u32,
        headers: *mut RawHeader,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_set_header(
        stream: EnvoyStream,
        map: u32,
        name: Buffer,
        value: Buffer,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_send_response(
        stream: EnvoyStream,
        status: u32,
        headers: *const RawHeader,
        headers_length: usize,
        body: Buffer,
        details: Buffer,
    );
    pub(super) fn envoy_dynamic_module_callback_http_get_body_size(
        stream: EnvoyStream,
        body: u32,
    ) -> usize;
    pub(super) fn envoy_dynamic_module_callback_http_get_body_chunks_size(
        stream: EnvoyStream,
        body: u32,
    ) -> usize;
    pub(super) fn envoy_dynamic_module_callback_http_get_body_chunks(
        stream: EnvoyStream,
        body: u32,
        chunks: *mut Buffer,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_drain_body(
        stream: EnvoyStream,
        body: u32,
        bytes: usize,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_append_body(
        stream: EnvoyStream,
        body: u32,
        bytes: Buffer,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_received_buffered_request_body(
        stream: EnvoyStream,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_get_buffer_limit(stream: EnvoyStream) -> u64;
    pub(super) fn envoy_dynamic_module_callback_http_set_filter_state_bytes(
        stream: EnvoyStream,
        key: Buffer,
        value: Buffer,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_filter_get_attribute_string(
        stream: EnvoyStream,
        attribute: u32,
        value: *mut Buffer,
    ) -> bool;
    pub(super) fn envoy_dynamic_module_callback_http_filter_get_attribute_int(
        stream: EnvoyStream,
        attribute: u32,
        value: *mut u64,
    ) -> bool;
}

/// A metric changed from a configuration, outside of any request: Envoy 1.39 and later.
pub(super) type ChangeFromConfiguration =
    unsafe extern "C" fn(EnvoyConfiguration, usize, *const Buffer, usize, u64) -> u32;

/// The callback of this name, if this Envoy has it.
pub(super) fn later_callback(name: &CStr) -> Option<ChangeFromConfiguration> {
    // SAFETY: the name ends in a NUL, and a look-up changes nothing.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: where Envoy has a callback of one of the two names that are asked for, it is of this
    // type; a null pointer is none.
    unsafe { std::mem::transmute::<*mut c_void, Option<ChangeFromConfiguration>>(symbol) }
}
