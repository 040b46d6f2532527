//! What the tests of the core and those through Envoy have in common: cases as data, an exchange
//! driven as Envoy drives it, models of upstreams, and the event's schema.
//!
//! Shares no code with what it judges.

use std::path::PathBuf;

pub mod case;
#[cfg(feature = "contract")]
pub mod contract;
pub mod drive;
pub mod fake_host;
pub mod figures;
pub mod pretty;
pub mod routers;
pub mod tree;

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
