//! The proxy-wasm host: `junction_webhook_filter.wasm`, which Envoy loads; and the map of the
//! project.
//!
//! # The rooms
//!
//! Everything that is decided is decided in the crate [`junction_webhook`], which is pure. A host
//! hands it what Envoy has, and carries out what it says. Arrows point from who uses to who is
//! used. `docs/architecture.md` has these pictures drawn; rustdoc shows them as text alone.
//!
//! ```text
//!                Envoy                      a sender            whoever operates it
//!                  |                            ^                       |
//!        +---------+---------+                  | webhooks              v
//!        v                   v                  |             +-------------------+
//! +--------------+    +--------------+          +-------------| tool/             |
//! | src/         |    | native/      |                        | junction-webhook  |
//! | proxy-wasm   |    | native       |                        +-------------------+
//! | host         |    | host         |                                  |
//! +--------------+    +--------------+                                  |
//!        |                   |                                          |
//!        +---------+---------+------------------------------------------+
//!                  v
//! +- core/, the crate junction-webhook ----------------------------------------+
//! | port: what a host must do, and the order of report, action and log line    |
//! |   v                                                                        |
//! | exchange: one request, the order of the checks                             |
//! |   v         v            v           v         v         v         v       |
//! | route   signature    document     event     config    repeats    reject    |
//! |             v            v           v                                     |
//! |           http          json: scanner, exact numbers, writer               |
//! +----------------------------------------------------------------------------+
//! ```
//!
//! `upstream-mock/` stands in for the service behind the filter, and shares no code with it.
//! `tests/` has what needs a real Envoy, `core/tests` what does not. `xtask/` and `scripts/` are
//! what the make targets do.
//!
//! # A request's way
//!
//! ```text
//! head ----> guarded? ----------------- no: it goes on, untouched
//!              | yes
//!            method, type, length, signature headers, time -- one fails: 4xx
//!              |
//! body ----> held by Envoy; the core sees how long it is ---- too long: 413
//!              |
//! end -----> the whole body, read once
//!              |
//!            HMAC over its bytes ------------------------ no match: 401
//!              |
//!            parse and validate, in one pass ------------------- 400
//!              |
//!            write junction.event.v1 ----> this head, this body: to the upstream
//! ```
//!
//! # This crate
//!
//! `host` makes Envoy's calls through the SDK, `abi` the few that it makes itself; both are
//! compiled for wasm32 only. The others are what only this ABI needs: `header_map` and
//! `struct_text` decode, `metric_name` spells labels, `response` reads properties, and `memory`
//! keeps events in shared bytes.

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "calls of the host that the SDK does not make as they are needed")]
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
