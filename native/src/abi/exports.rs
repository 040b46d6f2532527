//! The hooks that Envoy calls. Nothing of a panic goes back.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::{Buffer, Configuration, EnvoyConfiguration, EnvoyStream, Status, Stream};
use crate::hooks::{self, Plugin, Request};

/// The version of the ABI, which Envoy compares with its own, and warns where they differ.
const VERSION: &CStr = c"v0.2.0";

/// Statuses of a hook: for the head, the body and the trailers these two have the same numbers.
const CONTINUE: u32 = 0;
const STOP: u32 = 1;
/// The body is not kept, since the request has its answer.
const STOP_WITHOUT_BUFFER: u32 = 3;

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    // A panic's message may hold a patient's data.
    std::panic::set_hook(Box::new(|_| {}));
    VERSION.as_ptr()
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    configuration: EnvoyConfiguration,
    _name: Buffer,
    text: Buffer,
) -> *const c_void {
    let hook = || {
        // SAFETY: Envoy's text stays where it is until the hook ends.
        let text = unsafe { text.bytes() };
        hooks::configure(Configuration::in_hook(configuration), text)
    };
    match catch_unwind(AssertUnwindSafe(hook)) {
        Ok(plugin) => Box::into_raw(Box::new(plugin)).cast_const().cast(),
        // Envoy refuses the configuration.
        Err(_) => ptr::null(),
    }
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(plugin: *const c_void) {
    if !plugin.is_null() {
        // SAFETY: the pointer is the one that `config_new` gave away, and Envoy gives it back once,
        // after the last request of the plugin.
        let plugin = unsafe { Box::from_raw(plugin.cast_mut().cast::<Plugin>()) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(plugin)));
    }
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_new(
    plugin: *const c_void,
    _stream: EnvoyStream,
) -> *const c_void {
    // SAFETY: the pointer is the one that `config_new` gave away, and the plugin outlives its
    // requests and is only shared.
    let plugin = unsafe { plugin.cast::<Plugin>().as_ref() };
    let request = plugin.map(|plugin| catch_unwind(AssertUnwindSafe(|| plugin.request())));
    match request {
        Some(Ok(request)) => Box::into_raw(Box::new(request)).cast_const().cast(),
        // Envoy answers 500.
        None | Some(Err(_)) => ptr::null(),
    }
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_destroy(request: *const c_void) {
    if !request.is_null() {
        // SAFETY: the pointer is the one that `new` gave away, and Envoy gives it back once.
        let request = unsafe { Box::from_raw(request.cast_mut().cast::<Request>()) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(request)));
    }
}

/// Calls a hook of a request, with nothing of a panic reaching Envoy.
pub(super) fn call(
    stream: EnvoyStream,
    request: *const c_void,
    hook: impl FnOnce(&mut Request, Stream<'_>) -> Status,
) -> Status {
    // SAFETY: the pointer is the one that `new` gave away; Envoy runs one hook of a request at a
    // time, and destroys it after the last.
    let Some(request) = (unsafe { request.cast_mut().cast::<Request>().as_mut() }) else {
        return Status::Drop;
    };
    let stream = Stream::in_hook(stream);
    guarded(request, |request| hook(request, stream), |request| request.on_panic(stream))
}

/// What a hook says, or where it panics `on_panic`, which may panic as well: the second time it
/// only answers.
fn guarded<T>(
    state: &mut T,
    hook: impl FnOnce(&mut T) -> Status,
    on_panic: impl Fn(&mut T) -> Status,
) -> Status {
    catch_unwind(AssertUnwindSafe(|| hook(state)))
        .or_else(|_| catch_unwind(AssertUnwindSafe(|| on_panic(state))))
        .or_else(|_| catch_unwind(AssertUnwindSafe(|| on_panic(state))))
        .unwrap_or(Status::Drop)
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    stream: EnvoyStream,
    request: *const c_void,
    end_of_stream: bool,
) -> u32 {
    match call(stream, request, |request, stream| request.on_headers(stream, end_of_stream)) {
        Status::Continue => CONTINUE,
        Status::Hold | Status::Drop => STOP,
    }
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_request_body(
    stream: EnvoyStream,
    request: *const c_void,
    end_of_stream: bool,
) -> u32 {
    match call(stream, request, |request, stream| request.on_body(stream, end_of_stream)) {
        Status::Continue => CONTINUE,
        Status::Hold => STOP,
        Status::Drop => STOP_WITHOUT_BUFFER,
    }
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_request_trailers(
    stream: EnvoyStream,
    request: *const c_void,
) -> u32 {
    match call(stream, request, Request::on_trailers) {
        Status::Continue => CONTINUE,
        Status::Hold | Status::Drop => STOP,
    }
}

#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(
    stream: EnvoyStream,
    request: *const c_void,
) {
    call(stream, request, |request, stream| {
        request.on_complete(stream);
        Status::Continue
    });
}

/// On the main thread, as `config_new` asked for.
#[unsafe(no_mangle)]
pub(super) extern "C" fn envoy_dynamic_module_on_http_filter_config_scheduled(
    configuration: EnvoyConfiguration,
    plugin: *const c_void,
    _event: u64,
) {
    // SAFETY: the pointer is the one that `config_new` gave away, and Envoy calls this while it has
    // the plugin, which is only shared.
    if let Some(plugin) = unsafe { plugin.cast::<Plugin>().as_ref() } {
        let hook = || plugin.look(Configuration::in_hook(configuration));
        let _ = catch_unwind(AssertUnwindSafe(hook));
    }
}

/// The hooks that Envoy demands and that have nothing to do here: the answer passes as it is, and
/// there are no routes' configurations, calls or events of this module's own.
macro_rules! idle {
    ($($name:ident($($argument:ty),*) $(-> $result:ty = $value:expr)?;)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name($(_: $argument),*) $(-> $result)? {
                $($value)?
            }
        )*
    };
}

idle! {
    envoy_dynamic_module_on_http_filter_per_route_config_new(Buffer, Buffer)
        -> *const c_void = ptr::null();
    envoy_dynamic_module_on_http_filter_per_route_config_destroy(*const c_void);
    envoy_dynamic_module_on_http_filter_response_headers(EnvoyStream, *const c_void, bool)
        -> u32 = CONTINUE;
    envoy_dynamic_module_on_http_filter_response_body(EnvoyStream, *const c_void, bool)
        -> u32 = CONTINUE;
    envoy_dynamic_module_on_http_filter_response_trailers(EnvoyStream, *const c_void)
        -> u32 = CONTINUE;
    envoy_dynamic_module_on_http_filter_http_callout_done(
        EnvoyStream, *const c_void, u64, u32, *const c_void, usize, *const c_void, usize
    );
    envoy_dynamic_module_on_http_filter_http_stream_headers(
        EnvoyStream, *const c_void, u64, *const c_void, usize, bool
    );
    envoy_dynamic_module_on_http_filter_http_stream_data(
        EnvoyStream, *const c_void, u64, *const c_void, usize, bool
    );
    envoy_dynamic_module_on_http_filter_http_stream_trailers(
        EnvoyStream, *const c_void, u64, *const c_void, usize
    );
    envoy_dynamic_module_on_http_filter_http_stream_complete(EnvoyStream, *const c_void, u64);
    envoy_dynamic_module_on_http_filter_http_stream_reset(EnvoyStream, *const c_void, u64, u32);
    envoy_dynamic_module_on_http_filter_scheduled(EnvoyStream, *const c_void, u64);
    envoy_dynamic_module_on_http_filter_config_http_callout_done(
        EnvoyConfiguration, *const c_void, u64, u32, *const c_void, usize, *const c_void, usize
    );
    envoy_dynamic_module_on_http_filter_config_http_stream_headers(
        EnvoyConfiguration, *const c_void, u64, *const c_void, usize, bool
    );
    envoy_dynamic_module_on_http_filter_config_http_stream_data(
        EnvoyConfiguration, *const c_void, u64, *const c_void, usize, bool
    );
    envoy_dynamic_module_on_http_filter_config_http_stream_trailers(
        EnvoyConfiguration, *const c_void, u64, *const c_void, usize
    );
    envoy_dynamic_module_on_http_filter_config_http_stream_complete(
        EnvoyConfiguration, *const c_void, u64
    );
    envoy_dynamic_module_on_http_filter_config_http_stream_reset(
        EnvoyConfiguration, *const c_void, u64, u32
    );
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(
        EnvoyStream, *const c_void
    );
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(
        EnvoyStream, *const c_void
    );
    envoy_dynamic_module_on_http_filter_local_reply(
        EnvoyStream, *const c_void, u32, Buffer, bool
    ) -> u32 = CONTINUE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unwinds_out_of_a_hook_however_often_it_panics() {
        for (panics, status, calls) in [
            (0, Status::Continue, 0),
            (1, Status::Hold, 1),
            (2, Status::Hold, 2),
            (3, Status::Drop, 2),
        ] {
            // How many panics are left, and how often it was told of one.
            let mut state = (panics, 0);
            let panic = |left: &mut u32| {
                if *left > 0 {
                    *left -= 1;
                    panic!("as it was told to");
                }
            };
            let hook = |state: &mut (u32, u32)| {
                panic(&mut state.0);
                Status::Continue
            };
            let on_panic = |state: &mut (u32, u32)| {
                state.1 += 1;
                panic(&mut state.0);
                Status::Hold
            };
            assert_eq!(guarded(&mut state, hook, on_panic), status, "{panics}");
            assert_eq!(state, (0, calls), "{panics}");
        }
    }
}
