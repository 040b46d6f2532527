//! The command `junction-webhook` as it is built.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

mod explain;
mod golden;
mod https;
