//! A Wasm filter that does nothing, built and loaded as the filter itself is.
//!
//! `make bench` measures it beside the filter: the difference is the filter's own work, the rest is
//! what Envoy asks for any module. Empty on all targets but wasm32, where the SDK's imports exist.

#![cfg(target_arch = "wasm32")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

#[expect(unsafe_code, reason = "the SDK's macro exports the module's entry point")]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| Box::new(super::Empty));
    }}
}

/// Lets everything go on.
struct Empty;

impl Context for Empty {}

impl HttpContext for Empty {}

impl RootContext for Empty {
    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Self))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
