//! What tests and benches run on loopback: processes that end with their owner, and what is
//! answered over HTTP/1.
//!
//! Knows neither the filter nor Envoy, and fails with an [`std::io::Error`] instead of a panic, so
//! that a test stops at it and a bench reports it.

pub mod http1;
pub mod process;

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

/// An address on loopback that nothing listens on.
///
/// # Errors
///
/// Where the system has none to give.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
