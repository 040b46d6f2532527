//! The native host: `libjunction_webhook.so`, which Envoy loads as a dynamic module.
//!
//! What is decided about a request, and in which order, is the crate `junction-webhook`'s. `abi`
//! declares what Envoy and a module call of each other, and has all `unsafe` code; `envoy` carries
//! out what the core says; `hooks` is what happens in each hook; `memory` keeps what the
//! upstream has taken. A panic never reaches Envoy: `abi` catches it, and the core answers 500.

#[expect(unsafe_code, reason = "Envoy's ABI is one of C")]
mod abi;
#[cfg(feature = "fake-envoy")]
pub mod driven;
mod envoy;
mod hooks;
mod memory;
#[cfg(feature = "panicking")]
mod panicking;
#[cfg(test)]
mod tests;
