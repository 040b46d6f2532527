//! Verifies, validates and normalises Junction lab-result webhooks in front of an Envoy upstream.

pub mod normal;
pub mod route;
pub mod signature;
