//! Verifies, validates and normalises Junction lab-result webhooks: everything but the host.
//!
//! A request's way through it:
//!
//! 1. [`route`] tells whether the request is guarded; all others pass untouched.
//! 2. [`exchange`] holds the request back and asks each check in the order of the contract
//!    (`docs/contract.md`, section 2): method, media type and declared length from the head, then
//!    [`signature`], first the headers and the time, then, once the whole body is there, the MAC.
//! 3. [`document`] parses the verified body and holds it against the schema, in one pass.
//! 4. [`event`] writes the normalised event, `junction.event.v1`, which replaces the body.
//! 5. [`reject`] turns the first failed check into the answer that the sender gets instead.
//! 6. [`repeats`], where it is on, remembers what the upstream has taken, and is asked before 4.
//!
//! [`port`] is what a host must do: it drives an exchange with the host's calls, and says what is
//! counted, logged and told to the access log, and in which order. [`report`] and [`metrics`] name
//! that, [`log_budget`] bounds what is logged, [`config`] reads the plugin's configuration. Below
//! all of them, [`json`] reads and writes JSON text and compares its numbers exactly, and [`http`]
//! has the words about headers. All of it is pure: no host, no clock, no environment.
//!
//! What always holds:
//!
//! - Nothing of a guarded request, its head included, reaches the upstream before its verdict.
//! - No byte of a body is parsed before its signature matched.
//! - A surprise is answered with a 500, never with a forward, and never with a panic.
//! - No number passes through floating point; no value, secret or signature reaches a log.
//!
//! One webhook, driven by hand; a host uses [`port`], which also counts, logs and reports:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use junction_webhook::config::Config;
//! use junction_webhook::exchange::{Action, Exchange, Outcome};
//!
//! let environment = |_: &str| Some("whsec_bWFkZSB1cCBmb3IgdGhpcyBleGFtcGxl");
//! let plugin = Arc::new(Config::parse(b"{}", environment));
//! let mut exchange = Exchange::new(plugin, None);
//!
//! let body = br#"{"event_type":"order.completed","data":{"order_id":"o-1","status":"s"}}"#;
//! let head = [
//!     (":method", "POST"),
//!     (":path", "/v1/webhooks/junction"),
//!     ("content-type", "application/json"),
//!     ("svix-id", "msg_1"),
//!     ("svix-timestamp", "1795000000"),
//!     ("svix-signature", "v1,m3jSNXoAZGEP4rVoQ+EIor6rUgaqgICBgJtoMlun6oI="),
//! ];
//! let head = head.map(|(name, value)| (name, value.as_bytes()));
//! let now = Duration::from_secs(1_795_000_003);
//! assert!(matches!(exchange.on_head(&head, false, now), Outcome::Wait));
//! assert!(matches!(exchange.on_body(body.len()), Outcome::Wait));
//! let Outcome::Decided(_, Action::Forward(forward)) = exchange.on_end(Some(body)) else {
//!     panic!("the signature is that of this body")
//! };
//! let event = forward.body.expect("the event takes the body's place");
//! assert!(event.starts_with(br#"{"contract":"junction.event.v1""#));
//! ```
#![forbid(unsafe_code)]

pub mod config;
pub mod document;
pub mod event;
pub mod exchange;
pub mod http;
pub mod json;
pub mod log_budget;
pub mod metrics;
pub mod port;
pub mod reject;
pub mod repeats;
pub mod report;
pub mod route;
pub mod signature;
