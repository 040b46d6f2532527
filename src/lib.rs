//! The proxy-wasm host: `junction_webhook_filter.wasm`, which Envoy loads.
//!
//! What is decided about a request, and in which order, is the crate [`junction_webhook`]'s; this
//! one hands it what Envoy has, and carries out what it says. `host` alone knows of Envoy's calls,
//! and is compiled for wasm32 only.

#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(any(target_arch = "wasm32", test))]
mod struct_text;
