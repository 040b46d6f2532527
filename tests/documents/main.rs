//! Generated documents: the validator against an independent one, and nothing lost on the way out.
//!
//! `PROPTEST_CASES` sets how many documents each is tried on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

#[path = "../support/contract.rs"]
mod contract;
mod event_page;
mod event_schema;
#[path = "../support/figures.rs"]
mod figures;
mod generate;
mod lossless;
mod rebuild;
mod schema_oracle;
#[path = "../support/tree.rs"]
mod tree;
