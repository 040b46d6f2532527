//! Stand-in for the clinical service.
fn main() {}
