//! The stub's binary as its users meet it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

mod counters;
mod door;
mod ingestion;
mod live;
mod page;
mod probe;
mod rebuilt;
mod requests;
mod running;
mod shown;
mod stream;
