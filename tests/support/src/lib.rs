//! What the tests of the core and those through Envoy have in common: cases as data, an exchange
//! driven as Envoy drives it, models of upstreams, and the event's schema.
//!
//! Shares no code with what it judges.

use std::path::PathBuf;

use junction_webhook::http::Header;

pub mod case;
#[cfg(feature = "contract")]
pub mod contract;
pub mod drive;
pub mod fake_host;
pub mod figures;
pub mod pretty;
pub mod refused;
pub mod routers;
#[cfg(feature = "contract")]
pub mod schema;
pub mod tree;

/// A header that owns its name and value.
pub type OwnedHeader = (String, Vec<u8>);

/// The headers as a host hands them in.
pub fn borrowed(headers: &[OwnedHeader]) -> Vec<Header<'_>> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
