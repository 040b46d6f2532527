//! The callbacks that Envoy offers.

use std::ffi::{CStr, c_void};

use super::{Buffer, EnvoyConfiguration, EnvoyStream, RawHeader};

// What unwinds a panic, in the module itself: Envoy's own distroless image has no libgcc_s. The
// linker leaves out a shared library whose symbols are there already.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[link(name = "gcc_eh", kind = "static", modifiers = "-bundle")]
unsafe extern "C" {}

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

/// A secret asked for while a filter is configured, by its name and Envoy's source of it as JSON,
/// or no source where it is static; its number, or 0: Envoy 1.40 and later.
pub(super) type SubscribeToSecret =
    unsafe extern "C" fn(EnvoyConfiguration, Buffer, Buffer) -> usize;

/// The present value of a secret, by its number, from a configuration or a request: Envoy 1.40 and
/// later. It is Envoy's, on the thread that asks, and stays where it is until the hook ends.
pub(super) type ValueOfSecret = unsafe extern "C" fn(*mut c_void, usize, *mut Buffer) -> bool;

/// The callback that adds to a counter or sets a gauge, if this Envoy has it.
pub(super) fn change_from_configuration(name: Change) -> Option<ChangeFromConfiguration> {
    let name = match name {
        Change::Counter => c"envoy_dynamic_module_callback_http_filter_config_increment_counter",
        Change::Gauge => c"envoy_dynamic_module_callback_http_filter_config_set_gauge",
    };
    // SAFETY: where Envoy has a callback of either name, it is of this type; null becomes `None`.
    unsafe { std::mem::transmute::<*mut c_void, Option<ChangeFromConfiguration>>(later(name)) }
}

/// What a configuration changes.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Counter,
    Gauge,
}

/// The callback that subscribes to a secret, if this Envoy has it.
pub(super) fn subscribe_to_secret() -> Option<SubscribeToSecret> {
    let name = c"envoy_dynamic_module_callback_http_filter_config_generic_secret_subscribe";
    // SAFETY: where Envoy has a callback of this name, it is of this type; null becomes `None`.
    unsafe { std::mem::transmute::<*mut c_void, Option<SubscribeToSecret>>(later(name)) }
}

/// The callback that gives the value of a secret to a configuration, if this Envoy has it.
pub(super) fn secret_of_configuration() -> Option<ValueOfSecret> {
    let name = c"envoy_dynamic_module_callback_http_filter_config_get_generic_secret";
    // SAFETY: where Envoy has a callback of this name, it is of this type; null becomes `None`.
    unsafe { std::mem::transmute::<*mut c_void, Option<ValueOfSecret>>(later(name)) }
}

/// The callback that gives the value of a secret to a request, if this Envoy has it.
pub(super) fn secret_of_stream() -> Option<ValueOfSecret> {
    let name = c"envoy_dynamic_module_callback_http_filter_get_generic_secret";
    // SAFETY: where Envoy has a callback of this name, it is of this type; null becomes `None`.
    unsafe { std::mem::transmute::<*mut c_void, Option<ValueOfSecret>>(later(name)) }
}

/// What a plugin can ask Envoy to call it back by, on the main thread: new, commit, delete.
#[derive(Clone, Copy)]
pub(super) struct Scheduler {
    pub(super) new: NewScheduler,
    pub(super) commit: CommitEvent,
    pub(super) delete: DeleteScheduler,
}

type NewScheduler = unsafe extern "C" fn(EnvoyConfiguration) -> *mut c_void;
type CommitEvent = unsafe extern "C" fn(*mut c_void, u64);
type DeleteScheduler = unsafe extern "C" fn(*mut c_void);

/// The callbacks of a scheduler, if this Envoy has them.
pub(super) fn scheduler() -> Option<Scheduler> {
    let new = later(c"envoy_dynamic_module_callback_http_filter_config_scheduler_new");
    let commit = later(c"envoy_dynamic_module_callback_http_filter_config_scheduler_commit");
    let delete = later(c"envoy_dynamic_module_callback_http_filter_config_scheduler_delete");
    if new.is_null() || commit.is_null() || delete.is_null() {
        return None;
    }
    // SAFETY: where Envoy has callbacks of these names, they are of these types; each was found.
    unsafe {
        Some(Scheduler {
            new: std::mem::transmute::<*mut c_void, NewScheduler>(new),
            commit: std::mem::transmute::<*mut c_void, CommitEvent>(commit),
            delete: std::mem::transmute::<*mut c_void, DeleteScheduler>(delete),
        })
    }
}

/// Where a callback is that only later releases of Envoy have; null where this one lacks it.
#[cfg(not(any(test, feature = "fake-envoy")))]
fn later(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends in a NUL, and a look-up changes nothing.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}

#[cfg(any(test, feature = "fake-envoy"))]
fn later(name: &CStr) -> *mut c_void {
    super::fake::later(name)
}
