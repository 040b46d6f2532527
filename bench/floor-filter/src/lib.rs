//! The least that a filter with this contract costs as Wasm in Envoy: the calls to the host that
//! the contract asks for, each once, and the HMAC of the body; built and loaded as the filter is.
//!
//! It judges nothing, reads no JSON, and forwards zeros of about the normalised event's length, so
//! that the upstream has as much to read. `make bench` measures it beside the filter: the
//! difference is what the filter's own code costs. Empty on all targets but wasm32.

#![cfg(target_arch = "wasm32")]

use hmac::{Hmac, KeyInit as _, Mac as _};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, MetricType};
use sha2::Sha256;

#[expect(unsafe_code, reason = "the SDK's macro exports the module's entry point")]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| Box::new(super::Floor::default()));
    }}
}

/// The plugin: its metrics, and the MAC under its key.
#[derive(Clone, Default)]
struct Floor {
    counters: Vec<u32>,
    histograms: Vec<u32>,
    mac: Option<Hmac<Sha256>>,
}

impl Context for Floor {}

impl RootContext for Floor {
    fn on_configure(&mut self, _size: usize) -> bool {
        let define = |kind, name: &&str| hostcalls::define_metric(kind, name).ok();
        let counters = ["floor_requests", "floor_events", "floor_markers"];
        let histograms = ["floor_body_bytes", "floor_microseconds", "floor_age_seconds"];
        self.counters =
            counters.iter().filter_map(|name| define(MetricType::Counter, name)).collect();
        self.histograms =
            histograms.iter().filter_map(|name| define(MetricType::Histogram, name)).collect();
        self.mac = Hmac::new_from_slice(b"any key").ok();
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(self.clone()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl HttpContext for Floor {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        // The time, for the tolerance, and the headers.
        let _ = self.get_current_time();
        let _ = self.get_http_request_headers_bytes();
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let tag = self.mac.take().map(|mac| mac.chain_update(&body).finalize().into_bytes());
        let tag_byte = tag.and_then(|tag| tag.first().copied()).unwrap_or_default();

        for counter in &self.counters {
            let _ = hostcalls::increment_metric(*counter, 1);
        }
        for histogram in &self.histograms {
            let _ = hostcalls::record_metric(*histogram, 1);
        }
        for name in ["floor_verdict", "floor_reason", "floor_event_id", "floor_event_type"] {
            self.set_property(vec![name], Some(b"labtest.result.ready"));
        }
        self.remove_http_request_header("svix-signature");
        // The samples' events are 1.78 times as long as what is sent.
        let body = vec![b'0' ^ (tag_byte & 1); size.saturating_mul(178) / 100];
        self.set_http_request_header("content-length", Some(&body.len().to_string()));
        for name in ["idempotency-key", "x-junction-event-type", "x-junction-verified-by"] {
            self.set_http_request_header(name, Some("labtest.result.ready"));
        }
        self.set_http_request_body(0, usize::MAX, &body);
        let _ = self.get_current_time();
        Action::Continue
    }
}
