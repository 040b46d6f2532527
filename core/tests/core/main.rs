//! The library alone: cases, goldens, oracles and properties, without Envoy.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod answers;
mod broken_configuration;
mod bypass;
mod cases;
mod delivered_secrets;
mod documents;
mod goldens;
mod passed_head;
mod port;
mod port_cases;
mod properties;
mod repeats;
mod route_model;
mod route_readings;
mod signature_oracle;
mod structure;
mod withheld;
