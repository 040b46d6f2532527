//! The proxy-wasm host: `junction_webhook_filter.wasm`, which Envoy loads.
//!
//! What is decided about a request, and in which order, is the crate [`junction_webhook`]'s; this
//! one hands it what Envoy has, and carries out what it says. `host` alone knows of Envoy's calls,
//! and is compiled for wasm32 only; so is `shared_data`, which makes two of them itself.
//! `struct_text`, `metric_name`, `response` and `memory` are what only this ABI needs.

#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;
#[cfg(any(target_arch = "wasm32", test))]
mod metric_name;
#[cfg(any(target_arch = "wasm32", test))]
mod response;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "two calls of the host that the SDK panics in")]
mod shared_data;
#[cfg(any(target_arch = "wasm32", test))]
mod struct_text;
