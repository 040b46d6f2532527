//! Envoy's ABI for dynamic modules, as far as an HTTP filter needs it: the hooks that Envoy calls,
//! the callbacks that it offers, and all `unsafe` code of this crate.
//!
//! `callbacks` declares what Envoy offers, `stream` and `secret` make it safe, `exports` is what
//! Envoy calls. What leaves this module is safe: pointers of Envoy's live no longer than the hook
//! in which they were given, which [`Stream`] and [`Configuration`] carry as a lifetime.
//! Specification: `source/extensions/dynamic_modules/abi/abi.h` of Envoy 1.38 to 1.40.

use std::ffi::c_void;
use std::{ptr, slice};

mod callbacks;
mod exports;
#[cfg(any(test, feature = "fake-envoy"))]
#[expect(
    dead_code,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it stands in for Envoy in tests and for the fuzzer, which stop at the first surprise"
)]
pub(crate) mod fake;
mod secret;
mod stream;

pub(crate) use self::secret::{NoSubscription, SecretId};
pub(crate) use self::stream::{Configuration, Kind, Stream, log};

/// Bytes of the one side that the other may read while a call lasts.
#[repr(C)]
#[derive(Clone, Copy)]
struct Buffer {
    bytes: *const u8,
    length: usize,
}

impl Buffer {
    const EMPTY: Self = Self { bytes: ptr::null(), length: 0 };

    const fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.as_ptr(), length: bytes.len() }
    }

    /// The bytes.
    ///
    /// # Safety
    ///
    /// They are Envoy's, and stay where they are for `'a`.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.bytes.is_null() || self.length == 0 {
            return &[];
        }
        // SAFETY: as this function demands.
        unsafe { slice::from_raw_parts(self.bytes, self.length) }
    }
}

/// A header, in Envoy's memory or in this module's.
#[repr(C)]
#[derive(Clone, Copy)]
struct RawHeader {
    name: Buffer,
    value: Buffer,
}

type EnvoyStream = *mut c_void;
type EnvoyConfiguration = *mut c_void;

/// `http_header_type`
const REQUEST_HEADERS: u32 = 0;
const REQUEST_TRAILERS: u32 = 1;

/// Which part of a request's body a callback is about (`http_body_type`).
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// What a body hook brings.
    Received = 0,
    /// What was held back before.
    Buffered = 1,
}

/// What Envoy knows of a request (`attribute_id`).
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    ResponseCode = 15,
    ResponseCodeDetails = 16,
    XdsClusterName = 57,
    XdsRouteName = 61,
}

/// `log_level`
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Warning = 3,
    Error = 4,
}

/// What becomes of the part of a request that a hook brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It goes on.
    Continue,
    /// It is held back.
    Hold,
    /// The request has its answer, and goes nowhere.
    Drop,
}
