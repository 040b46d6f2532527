//! The proxy-wasm host: `junction_webhook_filter.wasm`, which Envoy loads.
//!
//! What is decided about a request, and in which order, is the crate [`junction_webhook`]'s; this
//! one hands it what Envoy has, and carries out what it says. `host` makes Envoy's calls through the
//! SDK, `abi` the few that it makes itself; both are compiled for wasm32 only. The others are what
//! only this ABI needs: `header_map` and `struct_text` decode, `metric_name` spells labels,
//! `response` reads properties, and `memory` keeps events in shared bytes.

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "calls of the host that the SDK does not make as they are needed")]
mod abi;
#[cfg(any(target_arch = "wasm32", test))]
mod header_map;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;
#[cfg(any(target_arch = "wasm32", test))]
mod metric_name;
#[cfg(any(target_arch = "wasm32", test))]
mod response;
#[cfg(any(target_arch = "wasm32", test))]
mod struct_text;
