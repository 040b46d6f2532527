//! The calls of Envoy that the SDK does not make as they are needed here, and all `unsafe` of this
//! crate but the entry point's.
//!
//! The SDK panics where Envoy does not let the module use shared data, which all workers with one
//! `vm_id` see, and copies each header.
//! Specification: proxy-wasm ABI 0.2.1.

use std::ptr;

use crate::memory::{Store, StoreError};

/// The statuses that matter here.
const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;

/// The request's headers and trailers, as `proxy_map_type_t` numbers them.
const HTTP_REQUEST_HEADERS: u32 = 0;
const HTTP_REQUEST_TRAILERS: u32 = 1;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, pairs: *mut *mut u8, pairs_size: *mut usize) -> u32;

    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
        version: *mut u32,
    ) -> u32;

    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        version: u32,
    ) -> u32;
}

/// The request's headers in their serialized form; `None` where Envoy does not give them.
pub(crate) fn request_headers() -> Option<Vec<u8>> {
    map(HTTP_REQUEST_HEADERS)
}

/// The request's trailers, likewise.
pub(crate) fn request_trailers() -> Option<Vec<u8>> {
    map(HTTP_REQUEST_TRAILERS)
}

fn map(map: u32) -> Option<Vec<u8>> {
    let (mut pairs, mut size) = (ptr::null_mut(), 0);
    // SAFETY: both results are writable during the call.
    let status = unsafe { proxy_get_header_map_pairs(map, &raw mut pairs, &raw mut size) };
    // SAFETY: the host has written both.
    (status == OK).then(|| unsafe { take(pairs, size) })
}

/// Takes over what a call has returned.
///
/// # Safety
///
/// `bytes` is null, or the host has filled `size` bytes that it got from the SDK's allocator, which
/// gives a boxed slice of just that length away.
unsafe fn take(bytes: *mut u8, size: usize) -> Vec<u8> {
    // What is empty has no memory.
    if bytes.is_null() {
        return Vec::new();
    }
    // SAFETY: as this function demands.
    unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes, size)) }.into_vec()
}

/// Shared data as a store. Version 0 means "no version": Envoy gives it to no value.
#[derive(Debug)]
pub(crate) struct SharedData;

impl Store for SharedData {
    fn value(&self, key: &str) -> Result<Option<(Vec<u8>, u32)>, StoreError> {
        let (mut value, mut size, mut version) = (ptr::null_mut(), 0, 0);
        // SAFETY: the key is readable and the three results are writable during the call.
        let status = unsafe {
            proxy_get_shared_data(
                key.as_ptr(),
                key.len(),
                &raw mut value,
                &raw mut size,
                &raw mut version,
            )
        };
        match status {
            OK => {
                // SAFETY: the host has written both.
                let value = unsafe { take(value, size) };
                Ok(Some((value, version)))
            }
            NOT_FOUND => Ok(None),
            _ => Err(StoreError::Refused),
        }
    }

    fn replace(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), StoreError> {
        let version = version.unwrap_or(0);
        // SAFETY: key and value are readable during the call.
        let status = unsafe {
            proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version)
        };
        match status {
            OK => Ok(()),
            CAS_MISMATCH => Err(StoreError::Changed),
            _ => Err(StoreError::Refused),
        }
    }
}
