//! What a request costs in memory, whoever sends it: allocations counted, none guessed.
//!
//! A binary of its own, since counting takes the place of the allocator. Instructions are counted
//! by `make instructions`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod expansion;
mod strangers;
