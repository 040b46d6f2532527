//! Envoy's shared data, which all workers with one `vm_id` see.
//!
//! The SDK has these two calls as well, but panics where Envoy does not let the module make them.
//! Specification: proxy-wasm ABI 0.2.1.

use std::ptr;

use crate::memory::{Store, StoreError};

/// The statuses that matter here.
const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
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

/// Shared data as a store; version 0 is none, and no value has it.
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
            // An empty value has no memory.
            OK if value.is_null() => Ok(Some((Vec::new(), version))),
            OK => {
                // SAFETY: the host has filled `size` bytes that it got from the SDK's allocator,
                // which gives a boxed slice of just that length away.
                let value = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(value, size)) };
                Ok(Some((value.into_vec(), version)))
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
