//! The filter as its users meet it: the built module in a real Envoy, started from the committed
//! `envoy.yaml`, in front of the upstream stub. `make test` prepares all three.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod buffered;
mod cases;
mod configuration;
mod dashboard;
mod duplicates;
mod edge;
mod envoy_gateway;
mod forwarding;
mod framing;
mod goldens;
#[allow(dead_code, unused_imports, reason = "tests/proof uses another part of it")]
mod harness;
mod istio;
mod observability;
mod overload;
mod picture;
mod room;
mod rotation;
mod sample;
mod setting;
mod shadow;
mod vectors;
mod verdicts;
mod verification;
mod xds;
